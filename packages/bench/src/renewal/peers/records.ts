/** What node-oidc-provider keeps, in PostgreSQL: an adapter after the example in its documentation, since it brings none for it. */
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import type pg from 'pg'

const tables = [
  `CREATE TABLE oidc_records (
     model text NOT NULL, id text NOT NULL, payload json NOT NULL,
     grant_id text, user_code text, uid text, expires_at timestamptz, consumed_at timestamptz,
     PRIMARY KEY (model, id))`,
  'CREATE INDEX ON oidc_records (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX ON oidc_records (user_code) WHERE user_code IS NOT NULL',
  'CREATE INDEX ON oidc_records (uid) WHERE uid IS NOT NULL',
]

interface Kept {
  payload: AdapterPayload
  consumed: number | null
}

export async function createRecords(pool: pg.Pool): Promise<AdapterFactory> {
  for (const table of tables) await pool.query(table)

  return model => {
    /** Named, so that the server plans it once for each connection, as it does for our own renewal. */
    const run = <Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
      pool.query<Row>({ name: `oidc-${name}`, text, values })

    const findBy = async (column: 'id' | 'user_code' | 'uid', value: string) => {
      const { rows } = await run<Kept>(
        `find-by-${column}`,
        `SELECT payload, extract(epoch FROM consumed_at)::int AS consumed FROM oidc_records
          WHERE model = $1 AND ${column} = $2 AND (expires_at IS NULL OR expires_at > now())`,
        [model, value],
      )
      const [kept] = rows
      if (kept === undefined) return undefined
      return kept.consumed === null ? kept.payload : { ...kept.payload, consumed: kept.consumed }
    }

    return {
      upsert: async (id, payload, expiresIn) => {
        const { grantId = null, userCode = null, uid = null } = payload
        await run(
          'upsert',
          `INSERT INTO oidc_records (model, id, payload, grant_id, user_code, uid, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, now() + $7::int * interval '1 second')
           ON CONFLICT (model, id) DO UPDATE SET payload = EXCLUDED.payload, grant_id = EXCLUDED.grant_id,
             user_code = EXCLUDED.user_code, uid = EXCLUDED.uid, expires_at = EXCLUDED.expires_at`,
          [model, id, JSON.stringify(payload), grantId, userCode, uid, expiresIn ?? null],
        )
      },
      find: id => findBy('id', id),
      findByUserCode: userCode => findBy('user_code', userCode),
      findByUid: uid => findBy('uid', uid),
      consume: async id => {
        await run('consume', 'UPDATE oidc_records SET consumed_at = now() WHERE model = $1 AND id = $2', [model, id])
      },
      destroy: async id => {
        await run('destroy', 'DELETE FROM oidc_records WHERE model = $1 AND id = $2', [model, id])
      },
      revokeByGrantId: async grantId => {
        await run('revoke', 'DELETE FROM oidc_records WHERE model = $1 AND grant_id = $2', [model, grantId])
      },
    }
  }
}
