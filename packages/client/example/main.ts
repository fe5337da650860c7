/** The example page: log in, call guarded routes, see and end devices, and watch the session renew itself. */
import { ClientError, isProblem } from '@gatehouse/client'
import { createBrowserClient } from '@gatehouse/client/browser'
import { readEvents } from '@gatehouse/client/events'
import { createTimeline } from './timeline.ts'

const element = (id: string) => document.getElementById(id) as HTMLElement
const mark = createTimeline(element('timeline'), element('log'))

/** `fetch` that notes each call: what the client sends is seen here, before anything is hidden by a repeat. */
const noted: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input, location.href)
  const what = `${init?.method ?? (input instanceof Request ? input.method : 'GET')} ${url.pathname}`
  const kind = url.pathname.endsWith('/renew') ? 'renewal' : 'request'
  try {
    const response = await fetch(input, init)
    mark(response.ok ? kind : 'refusal', `${what}: ${response.status}`)
    return response
  } catch (error) {
    mark('refusal', `${what}: no answer`)
    throw error
  }
}

const client = createBrowserClient({ auth: '/', fetch: noted, timeLimitMs: 5000 })
Object.assign(globalThis, { client })

let stream = new AbortController()
let watched: string | undefined

client.subscribe(showState)
showState(client.getState())

function showState(state: ReturnType<typeof client.getState>): void {
  const why = state.status === 'signed-out' ? `: ${state.why}` : ''
  element('state').textContent = state.status + why
  element('state').dataset['status'] = state.status
  mark('state', state.status + why)
  element('sign-in').hidden = state.status === 'signed-in'
  const sessionId = state.status === 'signed-in' ? state.sessionId : undefined
  if (sessionId === watched && state.status !== 'signed-out') return
  watched = sessionId
  stream.abort()
  element('devices').replaceChildren()
  if (sessionId === undefined) return
  stream = new AbortController()
  // The stream ends when the session is revoked anywhere: this tab then learns of it within a moment.
  readEvents(client, '/storage/events', { signal: stream.signal, onEvent() {} }).catch(show)
  showDevices().catch(show)
}

async function call(path: string, init?: RequestInit): Promise<unknown> {
  const response = await client.fetch(path, init)
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.status
}

interface Device {
  id: string
  current: boolean
  device: string | null
  userAgent: string | null
  createdAt: string
}

async function showDevices(): Promise<void> {
  const { sessions } = (await call('/sessions')) as { sessions: Device[] }
  const items = sessions.map(({ id, current, device, userAgent, createdAt }) => {
    const item = document.createElement('li')
    const name = device ?? userAgent?.match(/(Firefox|Chrome|Safari)\/\d+/)?.[0].replace('/', ' ') ?? 'unknown'
    item.textContent = `${name}, since ${new Date(createdAt).toLocaleString()}${current ? ' (this one) ' : ' '}`
    const button = document.createElement('button')
    button.textContent = 'End'
    button.onclick = () => call(`/sessions/${id}`, { method: 'DELETE' }).then(showDevices).catch(show)
    item.append(button)
    return item
  })
  element('devices').replaceChildren(...items)
}

function show(result: unknown): void {
  const isKnown = isProblem(result) || result instanceof ClientError
  element('answer').textContent = isKnown ? `${result.code}: ${result.message}` : JSON.stringify(result)
}

element('call').onclick = () => call('/storage').then(show, show)
element('restricted').onclick = () => call('/storage/restricted').then(show, show)
element('sign-out').onclick = () => client.signOut().catch(show)
element('sign-in').onsubmit = event => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<
    string,
    string
  >
  client.signIn({ email: email ?? '', password: password ?? '' }).catch(show)
}
