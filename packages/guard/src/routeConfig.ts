/**
 * Finds the configuration of a request's route.
 *
 * Fastify makes `routeOptions` anew, with all its dozen members, whenever somebody reads it: a third of what the guard costs a
 * request. The object that it reads them from hangs on the request under a symbol, which is not public. So that way is looked
 * for in the first request, taken only where it leads to the same object, and done without where it does not.
 */
import type { FastifyRequest } from 'fastify'

export type RouteConfig = FastifyRequest['routeOptions']['config']

export interface RouteConfigs {
  /** The short way where there is one. */
  of: (request: FastifyRequest) => RouteConfig
  /**
   * The public way, which has the last word: to be asked once for each route.
   * @returns what `of` must have returned
   */
  surely: (request: FastifyRequest) => RouteConfig
  /** Whether requests of this Fastify have the short way. */
  isShort: () => boolean
}

/** What stands under the symbol, as far as it matters here. */
type Holder = { config?: RouteConfig } | null | undefined

export function routeConfigs(): RouteConfigs {
  // Null: looked for in vain.
  let place: symbol | null | undefined

  const holderIn = (request: FastifyRequest, at: symbol) => (request as unknown as Record<symbol, Holder>)[at]
  const look = (request: FastifyRequest) => {
    const { config } = request.routeOptions
    return Object.getOwnPropertySymbols(request).find(at => holderIn(request, at)?.config === config) ?? null
  }

  return {
    of(request) {
      if (place === undefined) place = look(request)
      const config = place === null ? undefined : holderIn(request, place)?.config
      return config ?? request.routeOptions.config
    },
    surely(request) {
      const { config } = request.routeOptions
      if (typeof place === 'symbol' && holderIn(request, place)?.config !== config) place = null
      return config
    },
    isShort: () => typeof place === 'symbol',
  }
}
