-- CreateTable
CREATE TABLE "accounts" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "email" TEXT NOT NULL,
    "email_key" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "password_changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "must_change_password" BOOLEAN NOT NULL DEFAULT false,
    "password_expires_at" TIMESTAMPTZ(3),
    "roles" TEXT[],
    "scopes" TEXT[],
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "disabled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "version" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "accounts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "device" TEXT,
    "user_agent" TEXT,
    "address" INET,
    "remember" BOOLEAN NOT NULL,
    "global_epoch" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "ended_as" TEXT,
    "shared_at" TIMESTAMPTZ(3),
    "scope" TEXT,
    "audience" TEXT,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refresh_tokens" (
    "session_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "current_hash" BYTEA NOT NULL,
    "previous_hash" BYTEA,
    "rotated_at" TIMESTAMPTZ(3),
    "idempotency_key_hash" BYTEA,
    "idle_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "authenticated_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "global_epoch" INTEGER NOT NULL,
    "remember" BOOLEAN NOT NULL,
    "account_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "rotated_from" INET,
    "rotated_agent" TEXT,
    "retry_generation" INTEGER,
    "retries" INTEGER NOT NULL DEFAULT 0,
    "foreign_generation" INTEGER,
    "foreign_streak" INTEGER NOT NULL DEFAULT 0,
    "foreign_pair" TEXT,
    "scope" TEXT,
    "audience" TEXT,

    CONSTRAINT "refresh_tokens_pkey" PRIMARY KEY ("session_id")
);

-- CreateTable
CREATE TABLE "revocation_clock" (
    "id" INTEGER NOT NULL,
    "feed_id" UUID NOT NULL,
    "head" BIGINT NOT NULL,
    "global_epoch" INTEGER NOT NULL,
    "history" TEXT,
    "hold_until" TIMESTAMPTZ(3),

    CONSTRAINT "revocation_clock_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "database_heartbeat" (
    "id" INTEGER NOT NULL,
    "beat" BIGINT NOT NULL,

    CONSTRAINT "database_heartbeat_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "algorithm" TEXT NOT NULL,
    "public_pem" TEXT NOT NULL,
    "sealed_private_key" BYTEA,
    "state" TEXT NOT NULL,
    "announced_seq" BIGINT NOT NULL,
    "withdrawn_seq" BIGINT,
    "announced_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "activated_at" TIMESTAMPTZ(3),
    "retired_at" TIMESTAMPTZ(3),
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "revocations" (
    "seq" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" UUID,
    "epoch" INTEGER,
    "effect" TEXT NOT NULL,
    "key" JSONB,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "guards" (
    "id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "open_streams" INTEGER,
    "feed_id" UUID NOT NULL,
    "cursor" BIGINT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "acked_at" TIMESTAMPTZ(3),

    CONSTRAINT "guards_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "service_clients" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "previous_secret_hash" BYTEA,
    "previous_secret_ends_at" TIMESTAMPTZ(3),
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "last_used_at" TIMESTAMPTZ(3),
    "session_id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "jwks" JSONB,
    "audience" TEXT,

    CONSTRAINT "service_clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "actor" TEXT,
    "action" TEXT NOT NULL,
    "target" TEXT,
    "reason" TEXT,
    "address" INET,
    "request_id" TEXT,
    "outcome" TEXT NOT NULL,
    "seq" BIGINT,
    "detail" JSONB,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id", "at")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "creations" (
    "key_hash" BYTEA NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "target" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "creations_pkey" PRIMARY KEY ("key_hash")
);

-- CreateTable
CREATE TABLE "device_authorizations" (
    "device_code_hash" BYTEA NOT NULL,
    "user_code" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "scope" TEXT,
    "audience" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "interval_seconds" INTEGER NOT NULL,
    "polled_at" TIMESTAMPTZ(3),
    "decision" TEXT,
    "account_id" UUID,
    "session_id" UUID,
    "auth_time" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "address" INET,

    CONSTRAINT "device_authorizations_pkey" PRIMARY KEY ("device_code_hash")
);

-- CreateTable
CREATE TABLE "rate_limits" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "accounts_email_key_key" ON "accounts"("email_key");

-- CreateIndex
CREATE INDEX "sessions_account_id_idx" ON "sessions"("account_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");

-- CreateIndex
CREATE INDEX "audit_entries_target_id_idx" ON "audit_entries"("target", "id");

-- CreateIndex
CREATE INDEX "audit_entries_at_idx" ON "audit_entries"("at");

-- CreateIndex
CREATE INDEX "accounts_created_at_id_idx" ON "accounts"("created_at", "id");

-- CreateIndex
CREATE INDEX "accounts_roles_idx" ON "accounts" USING GIN ("roles");

-- CreateIndex
CREATE INDEX "sessions_ended_at_idx" ON "sessions"("ended_at");

-- CreateIndex
CREATE INDEX "sessions_global_epoch_idx" ON "sessions"("global_epoch");

-- CreateIndex
CREATE INDEX "sessions_address_idx" ON "sessions"("address");

-- CreateIndex
CREATE UNIQUE INDEX "service_clients_session_id_key" ON "service_clients"("session_id");

-- CreateIndex
CREATE INDEX "audit_entries_actor_id_idx" ON "audit_entries"("actor", "id");

-- CreateIndex
CREATE INDEX "audit_entries_action_id_idx" ON "audit_entries"("action", "id");

-- CreateIndex
CREATE INDEX "audit_entries_address_id_idx" ON "audit_entries"("address", "id");

-- CreateIndex
CREATE INDEX "audit_entries_seq_idx" ON "audit_entries"("seq");

-- CreateIndex
CREATE UNIQUE INDEX "device_authorizations_user_code_key" ON "device_authorizations"("user_code");

-- CreateIndex
CREATE INDEX "device_authorizations_expires_at_idx" ON "device_authorizations"("expires_at");

-- CreateIndex
CREATE INDEX "creations_expires_at_idx" ON "creations"("expires_at");

-- CreateIndex
CREATE INDEX "rate_limits_expires_at_idx" ON "rate_limits"("expires_at");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_fkey" FOREIGN KEY ("session_id") REFERENCES "sessions"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What schema.prisma cannot say; `prisma migrate diff` does not see it.

-- Renewals and polls update their row in place: room on the page keeps those updates heap-only, and early vacuums keep the room.
ALTER TABLE "refresh_tokens" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);
ALTER TABLE "guards" SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE "revocation_clock" SET (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
ALTER TABLE "rate_limits" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- One clock, and it is there from the start, so that taking a number is always an update of a locked row.
ALTER TABLE "revocation_clock" ADD CONSTRAINT "revocation_clock_single" CHECK ("id" = 1);

-- Which history of the database this is: a promoted standby has another timeline, a restored cluster another system identifier.
-- NULL on a standby. Engines without timelines answer 'unknown'.
CREATE FUNCTION "database_history"() RETURNS TEXT LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF pg_is_in_recovery() THEN
    RETURN NULL;
  END IF;
  RETURN (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
EXCEPTION WHEN undefined_function OR feature_not_supported OR insufficient_privilege THEN
  RETURN 'unknown';
END
$$;

INSERT INTO "revocation_clock" ("id", "feed_id", "head", "global_epoch", "history")
VALUES (1, gen_random_uuid(), 0, 0, database_history());

ALTER TABLE "database_heartbeat" ADD CONSTRAINT "database_heartbeat_single" CHECK ("id" = 1);
ALTER TABLE "database_heartbeat" SET (fillfactor = 10);
INSERT INTO "database_heartbeat" ("id", "beat") VALUES (1, 0);

ALTER TABLE "revocations"
  ADD CONSTRAINT "revocations_kind" CHECK ("kind" IN ('session', 'user', 'global', 'key')),
  ADD CONSTRAINT "revocations_effect" CHECK (CASE WHEN "kind" = 'key' THEN "effect" IN ('announced', 'withdrawn')
    ELSE "effect" IN ('ended', 'forbidden', 'superseded') END),
  ADD CONSTRAINT "revocations_subject" CHECK (("kind" IN ('global', 'key')) = ("subject" IS NULL)),
  ADD CONSTRAINT "revocations_epoch" CHECK (("kind" IN ('session', 'key')) = ("epoch" IS NULL)),
  ADD CONSTRAINT "revocations_key" CHECK (("kind" = 'key') = ("key" IS NOT NULL));

ALTER TABLE "signing_keys" ADD CONSTRAINT "signing_keys_state"
  CHECK ("state" IN ('announced', 'active', 'retired', 'withdrawn'));

ALTER TABLE "sessions" ADD CONSTRAINT "sessions_ended" CHECK (("ended_at" IS NULL) = ("ended_as" IS NULL));

-- The audit is append-only, even for our own mistakes. Only retention may delete, and it has to say so in its transaction:
-- SET LOCAL gatehouse.audit_retention = 'on'
CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('gatehouse.audit_retention', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'audit_entries refuses %: what was done stays written down', TG_OP
    USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

-- The audit log has a partition for each month, in UTC. The default partition receives the entries of a month without one, so
-- that no insert fails. A statement-level trigger fires only on the table that the statement names, so each partition has one.
CREATE TABLE "audit_entries_default" PARTITION OF "audit_entries" DEFAULT;
CREATE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entries_default"
  FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"();

-- Creates the partition of a month, unless it exists or the default partition already has entries of that month. Attaching a
-- table does not lock out inserts, as CREATE TABLE ... PARTITION OF would. The lock of the parent makes the second of two callers
-- wait for the first; both locks are given up after a tenth of a second (SQLSTATE 55P03).
CREATE FUNCTION "create_audit_partition"("entry_at" TIMESTAMPTZ) RETURNS BOOLEAN LANGUAGE plpgsql
  SET timezone = 'UTC' SET lock_timeout = '100ms' AS $$
DECLARE
  month CONSTANT timestamptz := date_trunc('month', entry_at);
  next_month CONSTANT timestamptz := month + interval '1 month';
  name CONSTANT text := 'audit_entries_' || to_char(month, 'YYYY_MM');
BEGIN
  IF to_regclass(name) IS NOT NULL THEN
    RETURN false;
  END IF;
  LOCK TABLE audit_entries IN SHARE UPDATE EXCLUSIVE MODE;
  LOCK TABLE audit_entries_default IN ACCESS EXCLUSIVE MODE;
  IF to_regclass(name) IS NOT NULL
     OR EXISTS (SELECT FROM audit_entries_default WHERE "at" >= month AND "at" < next_month) THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_entries)', name);
  EXECUTE format('CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                 'FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()', name);
  EXECUTE format('ALTER TABLE audit_entries ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month, next_month);
  RETURN true;
END
$$;

-- Drops the oldest partition whose month ended before a time, and returns its name; NULL when there is none. Dropping locks out
-- inserts, so it is given up after a tenth of a second (SQLSTATE 55P03); the files are deleted after the locks are released.
CREATE FUNCTION "drop_audit_partition"("kept_from" TIMESTAMPTZ) RETURNS TEXT LANGUAGE plpgsql
  SET timezone = 'UTC' SET lock_timeout = '100ms' AS $$
DECLARE
  oldest CONSTANT text := (
    SELECT min(relname) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = 'audit_entries'::regclass AND relname ~ '^audit_entries_\d{4}_\d{2}$');
BEGIN
  IF oldest IS NULL
     OR to_date(right(oldest, 7), 'YYYY_MM') + interval '1 month' > least(kept_from, clock_timestamp()) THEN
    RETURN NULL;
  END IF;
  LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE;
  IF to_regclass(oldest) IS NULL THEN
    RETURN NULL;
  END IF;
  EXECUTE format('DROP TABLE %I', oldest);
  RETURN oldest;
END
$$;

SELECT create_audit_partition(clock_timestamp() + make_interval(months => n)) FROM generate_series(0, 2) AS n;

-- The epoch after this one. It follows the clock as well, so that a database restored from a backup does not give an epoch
-- again: tokens made after the backup would then escape a revocation. Seconds since November 2023 fit an integer until 2091.
CREATE FUNCTION next_epoch(epoch INTEGER) RETURNS INTEGER LANGUAGE sql VOLATILE AS
$$ SELECT greatest(epoch + 1, extract(epoch FROM clock_timestamp())::integer - 1700000000) $$;

-- The newest migration of the oldest release that works beside this schema. A migration that removes what a release uses
-- replaces this function, so that a replica of that release is not ready.
CREATE FUNCTION "oldest_supported_migration"() RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$ SELECT '20261128000000_init' $$;
