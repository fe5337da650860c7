/**
 * Finds the configuration of a request's route.
 *
 * Fastify creates `routeOptions` with a dozen members at each access: a third of the guard's cost
 * per request. The object from which it reads them is stored on the request under a symbol that is
 * not public. The symbol is looked for at the first request, used only when it leads to the same
 * object, and abandoned otherwise.
 */
import type { FastifyRequest } from 'fastify'

export type RouteConfig = FastifyRequest['routeOptions']['config']

export interface RouteConfigs {
  /** Reads the configuration through the symbol where there is one. */
  of: (request: FastifyRequest) => RouteConfig
  /**
   * Reads the configuration through the public API, and abandons the symbol if it leads to another
   * object. Call it once for each route.
   */
  fromPublicApi: (request: FastifyRequest) => RouteConfig
  /** Whether the symbol is in use. */
  hasSymbol: () => boolean
}

/** The part of the object under the symbol that is read here. */
type RouteContext = { config?: RouteConfig } | null | undefined

export function routeConfigs(): RouteConfigs {
  // Undefined: not searched yet. Null: not found, or abandoned.
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
