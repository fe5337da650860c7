/** supabase auth-js: tabs share storage, and a lock in the place of `navigator.locks`. */
import { pathToFileURL } from 'node:url'
import { jwt, rotation } from './server.mjs'

export async function supabase({ folder, clock }) {
  const { createRequire } = await import('node:module')
  const path = createRequire(`${folder}/x.js`).resolve('@supabase/auth-js')
  const { GoTrueClient, processLock } = await import(pathToFileURL(path).href).then(module => module.default ?? module)
  let persons = 0

  async function start(draw) {
    const storageKey = `person${persons++}`
    const kept = new Map()
    const storage = {
      getItem: key => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: key => void kept.delete(key),
    }
    // GoTrue's default: the token before is accepted for 10 s.
    const renew = rotation({ clock, draw, reuseIntervalMs: 10_000 })
    const user = {
      id: 'ada',
      aud: 'authenticated',
      email: 'ada@example.org',
      app_metadata: {},
      user_metadata: {},
      created_at: '',
    }
    const sessionOf = generation => {
      const now = Math.floor(clock.wallMs() / 1000)
      const access_token = jwt({ sub: 'ada', exp: now + 600, iat: now, session_id: 's' })
      return {
        access_token,
        refresh_token: `r${generation}`,
        token_type: 'bearer',
        expires_in: 600,
        expires_at: now + 600,
        user,
      }
    }
    const refused = { error_code: 'refresh_token_already_used', code: 400, msg: 'Invalid Refresh Token: Already Used' }
    const fetch = async (_url, init) => {
      const { refresh_token = '' } = JSON.parse(init?.body ?? '{}')
      return renew(Number(refresh_token.slice(1)), result =>
        typeof result === 'number' ? Response.json(sessionOf(result)) : Response.json(refused, { status: 400 }),
      )
    }
    storage.setItem(storageKey, JSON.stringify(sessionOf(0)))
    const options = { url: 'https://auth.test', storageKey, storage, fetch, lock: processLock }
    const open = () => {
      const client = new GoTrueClient({
        ...options,
        autoRefreshToken: false,
        persistSession: true,
        detectSessionInUrl: false,
      })
      return {
        client,
        async request() {
          const { data, error } = await client.getSession().catch(error => ({ data: {}, error }))
          if (data.session) return 'served'
          return kept.has(storageKey) && error ? 'failed' : 'signed out'
        },
      }
    }
    const tabs = [open(), open(), open()]
    return {
      tabs,
      reload(place) {
        tabs[place] = open()
      },
      close() {},
    }
  }
  return { name: '@supabase/auth-js 2', entry: "export { GoTrueClient } from '@supabase/auth-js'", start }
}
