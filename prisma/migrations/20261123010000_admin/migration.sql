-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "must_change_password" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "service_clients" ADD COLUMN "session_id" UUID NOT NULL DEFAULT gen_random_uuid();

-- CreateTable
CREATE TABLE "creations" (
    "key_hash" BYTEA NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "target" UUID NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "creations_pkey" PRIMARY KEY ("key_hash")
);

-- CreateIndex
CREATE INDEX "accounts_created_at_id_idx" ON "accounts"("created_at", "id");

-- CreateIndex
CREATE INDEX "accounts_roles_idx" ON "accounts" USING GIN ("roles");

-- CreateIndex
CREATE INDEX "sessions_ended_at_idx" ON "sessions"("ended_at");

-- CreateIndex
CREATE INDEX "sessions_everyone_epoch_idx" ON "sessions"("everyone_epoch");

-- CreateIndex
CREATE UNIQUE INDEX "service_clients_session_id_key" ON "service_clients"("session_id");

-- CreateIndex
CREATE INDEX "audit_entries_actor_id_idx" ON "audit_entries"("actor", "id");

-- CreateIndex
CREATE INDEX "audit_entries_action_id_idx" ON "audit_entries"("action", "id");

-- CreateIndex
CREATE INDEX "audit_entries_seq_idx" ON "audit_entries"("seq");

-- CreateIndex
CREATE INDEX "creations_expires_at_idx" ON "creations"("expires_at");
