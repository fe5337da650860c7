/** This client with the body transport, on the fake auth service of `/testing`, whose retry window is set to 10 s. */
import { fileURLToPath } from 'node:url'
import { createBrowserClient } from '@gatehouse/client/browser'
import { createTestAuth } from '@gatehouse/client/testing'

const login = { email: 'ada@example.org', password: 'correct horse battery staple' }

export async function gatehouse({ clock }) {
  async function start(draw) {
    const auth = createTestAuth({ retryWindowMs: 10_000, accessTokenSeconds: 600, clock })
    let text = ''
    const store = {
      read: () => text,
      write: next => {
        text = next
      },
    }
    const fetch = async (input, init) => {
      if (!`${input}`.endsWith('/renew')) return auth.fetch(input, init)
      const fault = draw()
      await new Promise(resolve => setImmediate(resolve))
      if (fault === 'lost before') throw new TypeError('fetch failed')
      if (/^\d+$/.test(fault)) return new Response('<h1>trouble</h1>', { status: Number(fault) })
      const response = await auth.fetch(input, init)
      await new Promise(resolve => setImmediate(resolve))
      if (fault === 'lost after') throw new TypeError('fetch failed')
      return response
    }
    const open = () => {
      const client = createBrowserClient({ auth: auth.url, store, fetch, clock, page: null })
      return {
        client,
        async request() {
          const token = await client.token().catch(() => 'failed')
          if (token === 'failed') return token
          return token ? 'served' : 'signed out'
        },
      }
    }
    const first = open()
    await first.client.signIn(login)
    const tabs = [first, open(), open()]
    return {
      tabs,
      reload(place) {
        tabs[place].client.close()
        tabs[place] = open()
      },
      close() {
        for (const { client } of tabs) client.close()
      },
    }
  }
  const index = fileURLToPath(new URL('../dist/src/index.js', import.meta.url))
  return { name: '@gatehouse/client', entry: `export { createClient } from '${index}'`, start }
}
