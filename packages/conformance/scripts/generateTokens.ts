/**
 * Writes `vectors/tokens.json`. ES256 signatures contain a random number, so only a change of the
 * cases is a reason to run it: `node packages/conformance/dist/scripts/generateTokens.js`.
 */
import { writeFileSync } from 'node:fs'
import { tokenVectors } from './tokenVectors.ts'

const file = new URL('../../vectors/tokens.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(tokenVectors(), null, 2)}\n`)
