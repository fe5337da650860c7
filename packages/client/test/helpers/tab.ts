/** Tabs of one browser for tests: a page that is visible or not, messages between tabs, and a store that they share. */

import type { Test } from 'tap'
import { hub } from '../../lossy/browser.ts'
import { type BrowserOptions, createBrowserClient } from '../../src/browser.ts'
import type { Client, State } from '../../src/index.ts'
import { createTestAuth, type TestAuth, type TestAuthOptions } from '../../src/testing.ts'

export const ada = { email: 'ada@example.org', password: 'correct horse battery staple' }
export const bob = { email: 'bob@example.org', password: 'another horse battery staple' }

export interface Tab extends Client {
  /** What listeners saw, in order. */
  states: State[]
  page: { isVisible(): boolean; setVisible(value: boolean): void; wake(): void }
}

export interface Browser {
  auth: TestAuth
  /** One string that every tab reads and writes. */
  store: { text: string; read(): string; write(text: string): void }
  tab(options?: Partial<BrowserOptions>): Tab
  close(): void
}

let browsers = 0

export function browser(options: TestAuthOptions & { auth?: TestAuth } = {}): Browser {
  browsers += 1
  const auth = options.auth ?? createTestAuth({ url: `https://auth${browsers}.test`, accounts: [ada, bob], ...options })
  const store = {
    text: '',
    read: () => store.text,
    write: (text: string) => {
      store.text = text
    },
  }
  const connect = hub(queueMicrotask)
  const tabs: Client[] = []
  // The cookie transport keeps its key there, under a name that contains the URL of the auth service.
  globalThis.localStorage ??= {} as Storage
  const fetch = auth.browser()
  return {
    auth,
    store,
    tab(more = {}) {
      const page = createPage()
      const base = { auth: auth.url, fetch, clock: auth.clock, page, channel: connect(), origins: ['https://api.test'] }
      const client = createBrowserClient({ ...base, ...more })
      const states: State[] = []
      client.subscribe(state => states.push(state))
      tabs.push(client)
      return { ...client, states, page }
    },
    close() {
      for (const tab of tabs) tab.close()
    },
  }
}

function createPage() {
  const wakers: (() => void)[] = []
  let isVisible = true
  const wake = () => {
    for (const waker of wakers) waker()
  }
  return {
    isVisible: () => isVisible,
    listen: (waker: () => void) => void wakers.push(waker),
    wake,
    setVisible(value: boolean) {
      isVisible = value
      wake()
    },
  }
}

/** How often the service was called so. */
export function count(auth: TestAuth, call: string): number {
  return auth.calls.filter(made => made === call).length
}

export const renewCall = 'POST /session/renew'

/** A browser with one tab that is signed in by the body transport. */
export async function signedIn(
  t: Test,
  transport: 'body' | 'cookie' = 'body',
): Promise<Browser & { first: Tab; open(): Tab }> {
  const made = browser()
  t.teardown(made.close)
  const open = () => made.tab(transport === 'body' ? { store: made.store } : {})
  const first = open()
  await first.signIn(ada)
  made.auth.calls.length = 0
  return { ...made, first, open }
}

/** Holds back an answer until `open` is called. */
export function gate(): { passed: Promise<undefined>; open(): void } {
  let open = () => {}
  const passed = new Promise<undefined>(resolve => {
    open = () => resolve(undefined)
  })
  return { passed, open: () => open() }
}
