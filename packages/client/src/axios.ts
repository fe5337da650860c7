/** Axios over the client's `fetch`: the same renewals, repeats and errors. */
import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios'
import { ClientError, ProblemError } from './errors.ts'
import type { Client } from './types.ts'

/**
 * @returns an instance whose requests reject with `ProblemError` and `ClientError`, as `client.fetch` does; for everything else
 * axios throws its own errors
 */
export function createAxios(client: Pick<Client, 'fetch'>, config: CreateAxiosDefaults = {}): AxiosInstance {
  const instance = axios.create({ ...config, adapter: 'fetch', env: { ...config.env, fetch: client.fetch } })
  instance.interceptors.response.use(undefined, error => {
    // Axios wraps what its adapter throws.
    const isOurs = error.cause instanceof ProblemError || error.cause instanceof ClientError
    throw isOurs ? error.cause : error
  })
  return instance
}
