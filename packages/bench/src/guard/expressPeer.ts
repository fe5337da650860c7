/** What others do on Express: express-oauth2-jwt-bearer, beside an unguarded route. */
import type { AddressInfo } from 'node:net'
import express, { type Response } from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { readJob } from './workerConfig.ts'

const { issuer, authUrl } = readJob()
const app = express()
const answer = (_request: unknown, response: Response) =>
  void response.json({ vault: ['the ledger', 'the spare keys'] })
const check = auth({
  ...{ issuer, audience: 'gatehouse', tokenSigningAlg: 'ES256', strict: false },
  jwksUri: `${authUrl}/.well-known/jwks.json`,
})
app.get('/unguarded', answer)
app.get('/checked', check, answer)
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`listening at http://127.0.0.1:${port}`)
})
process.once('SIGTERM', () => server.close())
