/** What one tab does while a call of another is under way. */
import t from 'tap'
import { ada, gate, signedIn } from './helpers/tab.ts'

const lifeMs = 300_000

t.test('a sign-out holds when another tab stores its renewal over the mark that the sign-out left', async t => {
  const { auth, store, first, tab, open } = await signedIn(t)
  const [session] = auth.sessions.values()
  const [begun, released] = [gate(), gate()]
  const second = tab({
    store: {
      read: store.read,
      write: async text => {
        begun.open()
        await released.passed
        store.write(text)
      },
    },
  })
  for (const { page } of [first, second]) page.setVisible(false)
  await auth.clock.advance(lifeMs)
  second.token().catch(() => {})
  await begun.passed
  auth.intercept = ({ method }) => (method === 'DELETE' ? Response.error() : undefined)
  await first.signOut()
  t.match(JSON.parse(store.text), { isSignedOut: true }, 'the service has not learned of it yet')
  first.close()
  auth.intercept = undefined
  released.open()
  await auth.clock.advance(1)
  t.equal(second.getState().status, 'signed-out')
  t.equal(session?.why, 'session-ended', 'the service has learned of it')
  t.equal(await open().token(), undefined, 'a reload signs in nowhere')
  await second.signIn(ada)
  t.ok(await second.token())
})
