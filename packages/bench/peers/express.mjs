/** A route on Express behind express-oauth2-jwt-bearer, beside the same route without it. */
import express from 'express'
import { auth } from 'express-oauth2-jwt-bearer'
import { readPeerConfig } from './peer.mjs'

const { issuer, authUrl } = readPeerConfig()
const app = express()
const sendItems = (_request, response) => response.json({ vault: ['the ledger', 'the spare keys'] })
const requireToken = auth({
  issuer,
  audience: 'gatehouse',
  tokenSigningAlg: 'ES256',
  strict: false,
  jwksUri: `${authUrl}/.well-known/jwks.json`,
})
app.get('/unguarded', sendItems)
app.get('/guarded', requireToken, sendItems)
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listening at http://127.0.0.1:${server.address().port}`)
})
process.once('SIGTERM', () => server.close())
