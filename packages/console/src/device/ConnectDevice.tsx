/** Asks for the code of a device, shows what the device asks for, and sends the decision of the user. */
import { isProblem } from '@gatehouse/client'
import type { Me, WaitingDevice } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { call } from '../api.ts'
import { root } from '../session.ts'
import { Field } from '../ui/Field.tsx'
import { CheckIcon, CloseIcon } from '../ui/icons.tsx'
import { Problem } from '../ui/Problem.tsx'
import { SubmitFooter } from '../ui/SubmitFooter.tsx'
import { TopBar } from '../ui/TopBar.tsx'
import { useData } from '../useData.ts'
import { Decision } from './Decision.tsx'

type State =
  | { step: 'code'; error?: unknown }
  | { step: 'decision'; device: WaitingDevice; error?: unknown }
  | { step: 'done'; client: string; isApproved: boolean }

export function ConnectDevice() {
  const me = useData<Me>('me')
  // A link fills the code in, but does not send it: the user compares it first (RFC 8628 section 3.3.1).
  const [userCode, setUserCode] = useState(() => new URLSearchParams(location.search).get('user_code') ?? '')
  const [state, setState] = useState<State>({ step: 'code' })
  const [isBusy, setBusy] = useState(false)

  const attempt = async (send: () => Promise<State>) => {
    setBusy(true)
    try {
      setState(await send())
    } catch (error) {
      // The code can expire, or be used, before the decision.
      setState(before => (isProblem(error, 'not-found') ? { step: 'code', error } : { ...before, error }))
    }
    setBusy(false)
  }
  const lookUp = () =>
    attempt(async () => {
      const { data } = await call<WaitingDevice>('device/lookup', { method: 'POST', body: { userCode } })
      return { step: 'decision', device: data }
    })
  const decide = ({ client }: WaitingDevice, isApproved: boolean) =>
    attempt(async () => {
      await call('device/decision', { method: 'POST', body: { userCode, approve: isApproved } })
      return { step: 'done', client, isApproved }
    })

  return (
    <>
      <TopBar email={me.value?.email} />
      <main class="narrow">
        <section>
          <h1>Connect a device</h1>
          {state.step === 'code' && (
            <CodeForm
              {...{ userCode, isBusy, error: state.error ?? me.error }}
              onText={setUserCode}
              onSubmit={lookUp}
            />
          )}
          {state.step === 'decision' && (
            <Decision
              {...{ userCode, isBusy, error: state.error, device: state.device, email: me.value?.email }}
              onApprove={() => decide(state.device, true)}
              onDeny={() => decide(state.device, false)}
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
  isBusy: boolean
  error: unknown
  onText: (text: string) => void
  onSubmit: () => void
}

function CodeForm({ userCode, isBusy, error, onText, onSubmit }: CodeFormProps) {
  return (
    <form
      class="card pad"
      onSubmit={event => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <Problem error={error} next={nextOf(error)} />
      <Field
        label="Code"
        autocomplete="off"
        required
        autofocus
        maxLength={20}
        placeholder="BCDF-GHJK"
        hint="The device shows it. Go on only if you started this yourself."
        value={userCode}
        onText={onText}
      />
      <SubmitFooter text="Continue" isBusy={isBusy} />
    </form>
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
