-- AlterTable
-- No lease outlives the first entry that its guard lacks by more than one lease, which says all that these did.
ALTER TABLE "guards" DROP COLUMN "offered",
DROP COLUMN "stalls";
