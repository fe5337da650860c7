-- Replicas with different ACCESS_TOKEN_SECONDS run side by side while the setting changes.
SET LOCAL lock_timeout = '1s';
ALTER TABLE "database_heartbeat" ADD COLUMN "retain_until" TIMESTAMPTZ(3);
