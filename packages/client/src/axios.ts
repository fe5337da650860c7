/** Axios over the client's `fetch`: the same renewals, repeats and errors. It imports no axios: the application brings its own. */
import { ClientError, ProblemError } from './errors.ts'
import type { Client } from './types.ts'

/** What this module uses of axios 1.12 and newer. */
export interface Axios<Instance extends AxiosInstance> {
  create(config?: object): Instance
}

export interface AxiosInstance {
  interceptors: {
    response: { use(onFulfilled: undefined, onRejected: (error: { cause?: unknown }) => never): unknown }
  }
}

/**
 * @param axios the default export of `axios`
 * @param config for `axios.create`
 * @returns an instance whose requests reject with `ProblemError` and `ClientError`, as `client.fetch` does; for everything else
 * axios throws its own errors
 * @example const http = createAxios(axios, client, { baseURL: 'https://api.example.org' })
 */
export function createAxios<Instance extends AxiosInstance>(
  axios: Axios<Instance>,
  client: Pick<Client, 'fetch'>,
  config: { env?: object; [option: string]: unknown } = {},
): Instance {
  const instance = axios.create({ ...config, adapter: 'fetch', env: { ...config.env, fetch: client.fetch } })
  instance.interceptors.response.use(undefined, error => {
    // Axios wraps what its adapter throws.
    const isOurs = error.cause instanceof ProblemError || error.cause instanceof ClientError
    throw isOurs ? error.cause : error
  })
  return instance
}
