/** Records the methods of every route, for `Allow` in responses to other methods (RFC 9110 section 15.5.6). */
import type { FastifyInstance } from 'fastify'
import findMyWay from 'find-my-way'

/** The route by which @fastify/cors receives preflights of every path. */
const preflightRoute = '*'

/**
 * Must be called before the routes are registered.
 * @param maxParamLength as in the options of the instance
 * @returns a function that finds the methods of a request's path, without its query; undefined when
 *   no route has the path
 */
export function recordMethods(app: FastifyInstance, maxParamLength: number): (path: string) => string[] | undefined {
  const router = findMyWay({ maxParamLength, onBadUrl: () => undefined })
  const methodsByUrl = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url === preflightRoute) return
    const methods = methodsByUrl.get(url) ?? new Set<string>()
    if (!methodsByUrl.has(url)) router.on('GET', url, () => undefined, methods)
    for (const name of [method].flat()) methods.add(name)
    methodsByUrl.set(url, methods)
  })
  return path => {
    const methods: Set<string> | undefined = router.find('GET', path)?.store
    return methods && [...methods, 'OPTIONS'].filter((name, index, all) => all.indexOf(name) === index).sort()
  }
}
