/** Reads the service client behind an access token of its own. */
import type { QueryRaw } from '../database/rawSql.ts'

export interface ClientFacts {
  /** Its current scopes; null when the client was deleted or its tokens were revoked. */
  scopes: string[] | null
  globalEpoch: number
  /** The key that signed the token is withdrawn. */
  isKeyWithdrawn: boolean
}

export interface ClientToken {
  id: string
  sid: string
  keyId: string
}

/** One statement and so one snapshot of three rows, each by primary key. */
export async function readClientCaller(db: QueryRaw, token: ClientToken): Promise<ClientFacts> {
  const [row] = await db.$queryRaw<ClientFacts[]>`
    SELECT client.scopes, clock.global_epoch AS "globalEpoch",
           EXISTS (SELECT FROM signing_keys WHERE kid = ${token.keyId} AND state = 'withdrawn') AS "isKeyWithdrawn"
      FROM revocation_clock AS clock
      LEFT JOIN service_clients AS client ON client.id = ${token.id} AND client.session_id = ${token.sid}::uuid
     WHERE clock.id = 1`
  if (row === undefined) throw new Error('revocation_clock has lost its row')
  return row
}
