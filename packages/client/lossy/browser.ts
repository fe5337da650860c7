/** What tabs of one browser share: cookies, storage and messages. */

import type { Channel } from '../src/browser.ts'
import type { Store } from '../src/index.ts'
import { createHttpFetch } from './httpFetch.ts'

export interface Disk extends Store {
  text(): string
  /** Writing throws until it is set back. */
  setFull(isFull: boolean): void
}

export function createDisk(): Disk {
  let text = ''
  let isFull = false
  return {
    text: () => text,
    read: () => text,
    write(next) {
      if (isFull) throw new DOMException('The quota has been exceeded.', 'QuotaExceededError')
      text = next
    },
    setFull(value) {
      isFull = value
    },
  }
}

/** `fetch` with cookies. They are attached when a request is sent, and replaced when the head of an answer arrives. */
export function createBrowser(calls: Map<string, AbortSignal>) {
  const httpFetch = createHttpFetch(calls)
  const cookies = new Map<string, string>()
  const send: typeof fetch = async (input, init) => {
    if (init?.credentials !== 'include') return httpFetch(input, init)
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
    }
    const response = await httpFetch(input, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  return { fetch: send, cookie: () => cookies.get('__Secure-gatehouse') ?? '' }
}

/**
 * Like BroadcastChannel: every other member receives a copy, a moment later.
 * @param later schedules the delivery
 */
export function hub(later: (deliver: () => void) => void = setImmediate): () => Channel {
  const members = new Set<Channel>()
  return () => {
    const channel: Channel = {
      onmessage: null,
      postMessage(message) {
        const data = structuredClone(message)
        for (const member of members) {
          if (member !== channel) later(() => member.onmessage?.({ data } as MessageEvent))
        }
      },
      close: () => void members.delete(channel),
    }
    members.add(channel)
    return channel
  }
}
