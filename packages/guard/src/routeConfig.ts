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
  fromPublicApi: (request: FastifyRequest) => RouteConfig
  /** Whether requests of this Fastify have the short way. */
  hasSymbol: () => boolean
}

/** What stands under the symbol, as far as it matters here. */
type RouteContext = { config?: RouteConfig } | null | undefined

export function routeConfigs(): RouteConfigs {
  // Null: looked for in vain.
  let contextSymbol: symbol | null | undefined

  const contextOf = (request: FastifyRequest, symbol: symbol) =>
    (request as unknown as Record<symbol, RouteContext>)[symbol]
  const findSymbol = (request: FastifyRequest) => {
    const { config } = request.routeOptions
    return Object.getOwnPropertySymbols(request).find(symbol => contextOf(request, symbol)?.config === config) ?? null
  }

  return {
    of(request) {
      if (contextSymbol === undefined) contextSymbol = findSymbol(request)
      const config = contextSymbol === null ? undefined : contextOf(request, contextSymbol)?.config
      return config ?? request.routeOptions.config
    },
    fromPublicApi(request) {
      const { config } = request.routeOptions
      if (typeof contextSymbol === 'symbol' && contextOf(request, contextSymbol)?.config !== config)
        contextSymbol = null
      return config
    },
    hasSymbol: () => typeof contextSymbol === 'symbol',
  }
}
