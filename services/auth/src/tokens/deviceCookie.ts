/** Reads and writes device cookies: one for each account that has logged in with this browser. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sha256 } from '../keys/hmac.ts'
import type { RefreshKeys } from '../keys/refreshKeys.ts'
import { type Device, decodeDeviceToken, encodeDeviceToken, newDevice } from './deviceToken.ts'
import type { CookieOptions } from './refreshCookie.ts'

export interface DeviceCookie {
  /** The devices that the request proves, at most eight. */
  read: (request: FastifyRequest) => Device[]
  /** Keeps the device of the account, or creates one. */
  write: (reply: FastifyReply, accountId: string, known: readonly Device[]) => void
}

/** The longest lifetime that browsers accept. */
const maxAgeSeconds = 400 * 24 * 3600
const maxDevices = 8

export function deviceCookie({ name, path }: CookieOptions, keys: RefreshKeys): DeviceCookie {
  const attributes = { path, httpOnly: true, secure: true, sameSite: 'strict', maxAge: maxAgeSeconds } as const
  return {
    read: request =>
      (request.headers.cookie ?? '')
        .split(';')
        .filter(pair => pair.trim().startsWith(`${name}-device-`))
        .slice(0, maxDevices)
        .flatMap(pair => decodeDeviceToken(pair.slice(pair.indexOf('=') + 1).trim(), keys) ?? []),
    write: (reply, accountId, known) => {
      const device = known.find(item => item.accountId === accountId) ?? newDevice(accountId)
      const suffix = sha256(accountId).toString('hex').slice(0, 8)
      reply.setCookie(`${name}-device-${suffix}`, encodeDeviceToken(device, keys), attributes)
    },
  }
}
