/** keycloak-js: tokens in memory, so each tab has a session of its own, and a reload takes the token that the page kept. */
import { pathToFileURL } from 'node:url'
import { jwt, rotation } from './server.mjs'

export async function keycloak({ folder, clock }) {
  // What it expects of a browser, and of a newer Node.
  Promise.withResolvers ??= () => {
    const made = {}
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
    return made
  }
  globalThis.window ??= globalThis
  globalThis.isSecureContext ??= true
  globalThis.location ??= new URL('https://app.test/')
  globalThis.document ??= {
    createElement: () => ({ setAttribute() {}, style: {} }),
    body: { appendChild() {} },
    cookie: '',
  }
  globalThis.addEventListener ??= () => {}
  const { createRequire } = await import('node:module')
  const path = createRequire(`${folder}/x.js`).resolve('keycloak-js')
  const { default: Keycloak } = await import(pathToFileURL(path).href)

  async function start(draw) {
    const sessions = [0, 1, 2].map(() => tabSession(draw))
    const tabs = await Promise.all(sessions.map(open))
    return {
      tabs,
      async reload(place) {
        tabs[place] = await open(sessions[place])
      },
      close() {},
    }
  }

  function tabSession(draw) {
    const renew = rotation({ clock, draw, reuseIntervalMs: 0 })
    const tokensOf = generation => {
      const now = Math.floor(clock.wallMs() / 1000)
      const token = jwt({ sub: 'ada', exp: now + 600, iat: now, sid: 's' })
      return {
        access_token: token,
        refresh_token: jwt({ generation, jti: Math.random(), exp: now + 1e6, iat: now }),
        id_token: token,
        expires_in: 600,
      }
    }
    const kept = tokensOf(0)
    return {
      kept,
      async fetch(body) {
        const { generation } = JSON.parse(Buffer.from(`${body.get('refresh_token')}`.split('.')[1], 'base64url'))
        return renew(generation, result =>
          typeof result === 'number'
            ? Response.json(tokensOf(result))
            : Response.json(
                { error: 'invalid_grant', error_description: 'Maximum allowed refresh token reuse exceeded' },
                { status: 400 },
              ),
        )
      },
    }
  }

  async function open(session) {
    const adapter = {
      login: async () => {},
      logout: async () => {},
      register: async () => {},
      accountManagement: async () => {},
      redirectUri: () => '',
    }
    const client = new Keycloak({ url: 'https://auth.test', realm: 'r', clientId: 'app' })
    const realFetch = globalThis.fetch
    globalThis.fetch = async (url, init) => {
      const body = new URLSearchParams(`${init?.body ?? ''}`)
      const owner = owners.get(body.get('refresh_token'))
      return `${url}`.endsWith('/token') && owner ? owner.fetch(body) : realFetch(url, init)
    }
    owners.set(session.kept.refresh_token, session)
    const { access_token: token, refresh_token: refreshToken, id_token: idToken } = session.kept
    // The page keeps the tokens after every renewal, as applications do that want to survive a reload.
    const keep = () => {
      if (!client.refreshToken) return
      session.kept = { access_token: client.token, refresh_token: client.refreshToken, id_token: client.idToken }
      owners.set(client.refreshToken, session)
    }
    client.onAuthRefreshSuccess = keep
    await client.init({ adapter, token, refreshToken, idToken, timeSkew: 0, checkLoginIframe: false }).catch(() => {})
    keep()
    return {
      async request() {
        try {
          await client.updateToken(5)
          keep()
          return 'served'
        } catch {
          return client.refreshToken ? 'failed' : 'signed out'
        }
      },
    }
  }

  const owners = new Map()
  return { name: 'keycloak-js 26', entry: "export { default } from 'keycloak-js'", start }
}
