/** Asks for the code of a device, shows what the device asks for, and sends the decision of the user. */
import { isProblem } from '@gatehouse/client'
import type { Me, WaitingDevice } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { root } from '../session.ts'
import { Field, onText } from '../ui/Field.tsx'
import { Form } from '../ui/Form.tsx'
import { CheckIcon, CloseIcon } from '../ui/icons.tsx'
import { Problem } from '../ui/Problem.tsx'
import { TopBar } from '../ui/TopBar.tsx'
import { useData } from '../useData.ts'
import { Decision } from './Decision.tsx'

type State =
  | { step: 'code'; error?: unknown }
  | { step: 'decision'; device: WaitingDevice }
  | { step: 'done'; client: string; isApproved: boolean }

export function ConnectDevice() {
  const me = useData<Me>('me')
  // A link fills the code in, but does not send it: the user compares it first (RFC 8628 section 3.3.1).
  const [userCode, setUserCode] = useState(() => new URLSearchParams(location.search).get('user_code') ?? '')
  const [state, setState] = useState<State>({ step: 'code' })

  const lookUp = async () => {
    const { data } = await call<WaitingDevice>('device/lookup', { method: 'POST', body: { userCode } })
    setState({ step: 'decision', device: data })
  }
  const decide = async ({ client }: WaitingDevice, isApproved: boolean) => {
    try {
      await call('device/decision', { method: 'POST', body: { userCode, approve: isApproved } })
      setState({ step: 'done', client, isApproved })
    } catch (error) {
      if (!isProblem(error, 'not-found')) throw error
      // The code can expire, or be used, before the decision.
      setState({ step: 'code', error })
    }
  }

  return (
    <>
      <TopBar email={me.value?.email} />
      <main class="narrow">
        <section>
          <h1>Connect a device</h1>
          {state.step === 'code' && (
            <>
              <Problem error={state.error ?? me.error} next={nextOf(state.error)} />
              <CodeForm userCode={userCode} onText={setUserCode} onSubmit={lookUp} />
            </>
          )}
          {state.step === 'decision' && (
            <Decision
              userCode={userCode}
              device={state.device}
              email={me.value?.email}
              onDecide={isApproved => decide(state.device, isApproved)}
            />
          )}
          {state.step === 'done' && <Done {...state} />}
        </section>
      </main>
    </>
  )
}

interface CodeFormProps {
  userCode: string
  onText: (text: string) => void
  onSubmit: () => Promise<void>
}

function CodeForm({ userCode, onText: use, onSubmit }: CodeFormProps) {
  return (
    <Form class="card pad" button="Continue" nextOf={nextOf} onSubmit={onSubmit}>
      {() => (
        <Field
          label="Code"
          name="code"
          autocomplete="off"
          required
          autofocus
          maxLength={20}
          placeholder="BCDF-GHJK"
          hint="The device shows it. Go on only if you started this yourself."
          value={userCode}
          onInput={onText(use)}
        />
      )}
    </Form>
  )
}

function nextOf(error: unknown): string | undefined {
  if (isProblem(error, 'not-found'))
    return 'No device waits with this code. A code lasts 10 minutes and is used once: compare it, or start again on the device.'
  if (isProblem(error, 'request-malformed')) return 'The code has 8 letters.'
  if (isProblem(error, 'rate-limited')) return 'There were too many wrong codes. Wait a minute, then try again.'
  return undefined
}

function Done({ client, isApproved }: { client: string; isApproved: boolean }) {
  return (
    <>
      <div class={`note ${isApproved ? 'good' : ''}`} role="status">
        {isApproved ? <CheckIcon /> : <CloseIcon />}
        <div class="break">
          <strong>
            {isApproved ? 'Approved' : 'Denied'}: <bdi>{client}</bdi>.
          </strong>{' '}
          {isApproved
            ? 'The device goes on within seconds. It is in the list of your devices, where you can end it.'
            : 'The device gets no access.'}
        </div>
      </div>
      <a class="button" href={new URL('account', root).href}>
        My devices
      </a>
    </>
  )
}
