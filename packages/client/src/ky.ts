/** Ky over the client's `fetch`: the same renewals, repeats and errors. */
import ky, { type KyInstance, type Options } from 'ky'
import type { Client } from './types.ts'

/** Ky's own retries are off unless asked for: the client already does what each problem's action says. */
export function createKy(client: Pick<Client, 'fetch'>, options: Options = {}): KyInstance {
  return ky.create({ retry: 0, ...options, fetch: client.fetch })
}
