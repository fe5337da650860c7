/** Cases about the Authorization field, the query string and the rule of the route. */
import { restrictedScope } from '../../src/settings.ts'
import type { TokenCase } from '../../src/vectors.ts'
import { bearer, token } from './caseBuilder.ts'

const valid = token()
const field = (name: string, authorization: string[], expect: TokenCase['expect']): TokenCase => ({
  name: `field: ${name}`,
  authorization,
  expect,
})

export const fields: TokenCase[] = [
  field('absent', [], 'token-missing'),
  field('empty', [''], 'token-missing'),
  field('Basic', ['Basic dXNlcjpwYXNz'], 'token-missing'),
  field('Digest', ['Digest username="x"'], 'token-missing'),
  field('another scheme with the token', [`DPoP ${valid}`], 'token-missing'),
  field('the scheme in lower case', [`bearer ${valid}`], 'pass'),
  field('the scheme in upper case', [`BEARER ${valid}`], 'pass'),
  field('two spaces', [`Bearer  ${valid}`], 'pass'),
  field('no token', ['Bearer'], 'request-malformed'),
  field('no scheme', [valid], 'request-malformed'),
  field('two tokens', ['Bearer a b'], 'request-malformed'),
  field('two credentials', [`Bearer ${valid}, Bearer ${valid}`], 'request-malformed'),
  field('a parameter', [`Bearer token=${valid}`], 'token-invalid'),
  field('a quoted token', [`Bearer "${valid}"`], 'request-malformed'),
  field('twice, the same', [`Bearer ${valid}`, `Bearer ${valid}`], 'request-malformed'),
  field('twice, different', [`Bearer ${valid}`, 'Basic dXNlcjpwYXNz'], 'request-malformed'),
  field('longer than any token', [`Bearer ${'x'.repeat(4097)}`], 'token-invalid'),
  { ...field('a token in the query string', [], 'request-malformed'), query: `access_token=${valid}` },
  {
    ...field('a token in the field and the query string', [`Bearer ${valid}`], 'request-malformed'),
    query: 'access_token=x',
  },
]

export const rules: TokenCase[] = [
  { ...bearer('rule: the scope is missing', valid, 'insufficient-scope'), restricted: true },
  { ...bearer('rule: the scope is present', token({ scope: `a ${restrictedScope}` }), 'pass'), restricted: true },
  {
    ...bearer('rule: a longer scope', token({ scope: `${restrictedScope}:x` }), 'insufficient-scope'),
    restricted: true,
  },
  {
    ...bearer('rule: the scope in upper case', token({ scope: restrictedScope.toUpperCase() }), 'insufficient-scope'),
    restricted: true,
  },
  {
    ...bearer('rule: the scope as a role', token({ roles: [restrictedScope] }), 'insufficient-scope'),
    restricted: true,
  },
  { ...bearer('rule: no scope claim', token({ scope: undefined }), 'insufficient-scope'), restricted: true },
  { ...bearer('rule: an invalid token', 'hello', 'token-invalid'), restricted: true },
  { ...field('absent on the restricted route', [], 'token-missing'), restricted: true },
]
