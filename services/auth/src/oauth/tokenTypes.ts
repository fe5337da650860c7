/** The names of token types and grants (RFC 8693 sections 2.1 and 3). */

export const tokenTypes = {
  access: 'urn:ietf:params:oauth:token-type:access_token',
  refresh: 'urn:ietf:params:oauth:token-type:refresh_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
} as const

export const exchangeGrantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'
