/** The types of the client's options, its state and its methods. */
import type { ProblemCode } from './problems.ts'
import type { Core } from './session.ts'

/** Time, as the client reads it. `nowMs` is monotonic; `wallMs` is only ever compared with `nowMs`. */
export interface Clock {
  nowMs(): number
  wallMs(): number
  /** @param signal ends the wait early: the promise then resolves */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Tells when the user looks at the page. React Native passes one made from `AppState`. */
export interface Page {
  isVisible(): boolean
  /**
   * @param wake to be called when the page becomes visible or the network returns
   * @param signal removes the listeners
   */
  listen(wake: () => void, signal: AbortSignal): void
}

/** What this client uses of a BroadcastChannel. */
export interface Channel {
  postMessage(message: unknown): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

/** Where the body transport keeps one string: a keychain, a file, AsyncStorage. Both functions may be asynchronous. */
export interface Store {
  read(): string | null | undefined | Promise<string | null | undefined>
  write(text: string): unknown
}

export interface ClientOptions {
  /** The auth service: `https://auth.example.org`, or a path on the page's own origin such as `/auth`. */
  auth: string
  /** The origins that receive the access token, besides the origin of `auth`. */
  origins?: readonly string[]
  /** Keeps what outlives the process or page. Tabs and processes that share a session share it. */
  store: Store
  /** How long a request may wait for retries, in milliseconds. 30,000 unless given. */
  timeLimitMs?: number
  /** How long one call to the auth service may take, in milliseconds. 10,000 unless given. */
  callTimeoutMs?: number
  fetch?: typeof fetch
  clock?: Clock
}

export type SignedOutReason = ProblemCode | 'signed-out'

export type State =
  /** Nothing is known yet: the first renewal has not been answered. */
  | { readonly status: 'unknown'; readonly sessionId?: undefined }
  | { readonly status: 'signed-in'; readonly sessionId: string }
  | { readonly status: 'signed-out'; readonly sessionId?: undefined; readonly why: SignedOutReason }
  /** The auth service gives no usable answer. The session is kept. `sinceMs` is wall-clock time. */
  | { readonly status: 'unreachable'; readonly sessionId?: undefined; readonly sinceMs: number }

export interface Credentials {
  email: string
  password: string
  /** Only after `password-change-required`. */
  newPassword?: string
  /** False: the session ends with the browser. */
  remember?: boolean
  /** A name for this device, shown in the list of sessions. */
  device?: string
}

export interface Client {
  /**
   * `fetch` with the access token.
   * @throws ProblemError when the answer is a problem that is not resolved by renewing or waiting
   * @throws ClientError `unreachable`, `session-changed`, `body-not-repeatable`
   */
  fetch: typeof fetch
  /** @throws ProblemError, for example `credentials-invalid`; ClientError `unreachable` */
  signIn(credentials: Credentials): Promise<void>
  /** Signs out at once, also while offline: the auth service is informed as soon as it can be reached. */
  signOut(): Promise<void>
  /**
   * An access token that has not expired, renewed if necessary; undefined when signed out.
   * @throws ClientError `unreachable`
   */
  token(): Promise<string | undefined>
  getState(): State
  /** @returns a function that ends the subscription */
  subscribe(listener: (state: State) => void): () => void
  /** Stops timers, listeners and calls. The session stays alive. */
  close(): void
  /** What plug-ins work with. Not for applications: it may change in any version. */
  readonly core: Core
}
