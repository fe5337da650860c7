/** A PostgreSQL adapter for node-oidc-provider, after the example in its documentation. */

const tables = [
  `CREATE TABLE oidc_records (
     model text NOT NULL, id text NOT NULL, payload json NOT NULL,
     grant_id text, user_code text, uid text, expires_at timestamptz, consumed_at timestamptz,
     PRIMARY KEY (model, id))`,
  'CREATE INDEX ON oidc_records (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX ON oidc_records (user_code) WHERE user_code IS NOT NULL',
  'CREATE INDEX ON oidc_records (uid) WHERE uid IS NOT NULL',
]

/**
 * @param {import('pg').Pool} pool
 * @returns {Promise<(model: string) => object>} the `adapter` option of node-oidc-provider
 */
export async function createAdapter(pool) {
  for (const table of tables) await pool.query(table)

  return model => {
    /** A named statement: PostgreSQL plans it once per connection, as it does for Gatehouse. */
    const run = (name, text, values) => pool.query({ name: `oidc-${name}`, text, values })

    const findBy = async (column, value) => {
      const { rows } = await run(
        `find-by-${column}`,
        `SELECT payload, extract(epoch FROM consumed_at)::int AS consumed FROM oidc_records
          WHERE model = $1 AND ${column} = $2 AND (expires_at IS NULL OR expires_at > now())`,
        [model, value],
      )
      const [record] = rows
      if (record === undefined) return undefined
      return record.consumed === null ? record.payload : { ...record.payload, consumed: record.consumed }
    }

    return {
      upsert: (id, payload, expiresIn) => {
        const { grantId = null, userCode = null, uid = null } = payload
        return run(
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
      consume: id =>
        run('consume', 'UPDATE oidc_records SET consumed_at = now() WHERE model = $1 AND id = $2', [model, id]),
      destroy: id => run('destroy', 'DELETE FROM oidc_records WHERE model = $1 AND id = $2', [model, id]),
      revokeByGrantId: grantId =>
        run('revoke', 'DELETE FROM oidc_records WHERE model = $1 AND grant_id = $2', [model, grantId]),
    }
  }
}
