/** The gateway's header buffers, which follow from the maximum length of an access token. */
import { maxAccessTokenLength } from '@gatehouse/contract'
import { generatedNotice } from './problemPages.ts'

/**
 * A request header line holds a token with room to spare. The header of a response from /verify
 * repeats the claims of the token, so it fits into a buffer of four times its length.
 */
export function tokenSize(): string {
  const kilobytes = Math.ceil(maxAccessTokenLength / 1024)
  return [
    generatedNotice,
    `large_client_header_buffers 2 ${2 * kilobytes}k;`,
    `proxy_buffer_size ${4 * kilobytes}k;`,
    '',
  ].join('\n')
}
