-- The sessions of a service client, which its deletion ends: few beside those of log-ins, in the order in which they are ended.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "sessions_client_id_id_idx" ON "sessions"("client_id", "id")
  WHERE "ended_at" IS NULL AND "client_id" <> 'first-party';
