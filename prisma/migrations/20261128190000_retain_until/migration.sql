-- Replicas with different ACCESS_TOKEN_SECONDS run side by side while the setting changes.
ALTER TABLE "database_heartbeat" ADD COLUMN "retain_until" TIMESTAMPTZ(3);
