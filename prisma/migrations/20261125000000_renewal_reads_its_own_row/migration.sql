-- AlterTable
-- What never changes of a session stands in the row that renewal writes, so that it reads no other row of the session. In the
-- order that leaves no gaps.
ALTER TABLE "refresh_tokens" ADD COLUMN     "authenticated_at" TIMESTAMPTZ(3),
ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "everyone_epoch" INTEGER,
ADD COLUMN     "remember" BOOLEAN,
ADD COLUMN     "account_id" UUID,
ADD COLUMN     "client_id" TEXT;

UPDATE "refresh_tokens" AS token
   SET "account_id" = session."account_id",
       "authenticated_at" = session."created_at",
       "client_id" = session."client_id",
       "everyone_epoch" = session."everyone_epoch",
       "expires_at" = session."expires_at",
       "remember" = session."remember"
  FROM "sessions" AS session WHERE session."id" = token."session_id";

ALTER TABLE "refresh_tokens" ALTER COLUMN "account_id" SET NOT NULL,
ALTER COLUMN "authenticated_at" SET NOT NULL,
ALTER COLUMN "client_id" SET NOT NULL,
ALTER COLUMN "everyone_epoch" SET NOT NULL,
ALTER COLUMN "expires_at" SET NOT NULL,
ALTER COLUMN "remember" SET NOT NULL;
