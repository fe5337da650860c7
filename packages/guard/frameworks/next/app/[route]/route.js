/** The routes on Next. The guard and the callbacks come from the test, which runs in this process. */
import { rules } from '../../../routes.mjs'

const handlers = {
  act({ onHandled }) {
    onHandled()
    return new Response('done')
  },
  stream({ guard, callerOf }, request) {
    const { readable, writable } = new TransformStream()
    const writer = writable.getWriter()
    const release = guard.trackStream(callerOf(request), () => writer.close())
    writer.closed.then(release, release)
    writer.write(new TextEncoder().encode('open\n'))
    return new Response(readable)
  },
  fault() {
    throw new Error('broken')
  },
}

async function answer(request, { params }) {
  const { route } = await params
  if (route === 'open') return new Response('open')
  const { application } = globalThis
  const { protect, callerOf, responseOf, onAccepted } = application
  const readBody = () => {
    onAccepted()
    return request.json()
  }
  const refused = await protect(rules[`/${route}`])(request, request.method === 'POST' ? readBody : undefined)
  if (refused) return refused
  try {
    return handlers[route]?.(application, request) ?? Response.json(callerOf(request))
  } catch (error) {
    return responseOf(error)
  }
}

export { answer as GET, answer as POST }
