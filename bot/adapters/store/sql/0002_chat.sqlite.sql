CREATE TABLE "chat_accounts" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "channel" TEXT NOT NULL,
  "tenant" TEXT NOT NULL,
  "user" TEXT NOT NULL,
  "standing" TEXT NOT NULL,
  "oid" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE TABLE "chat_addresses" (
  "place" TEXT PRIMARY KEY NOT NULL,
  "body" TEXT NOT NULL,
  "closed" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE TABLE "chat_posts" (
  "key" TEXT PRIMARY KEY NOT NULL,
  "place" TEXT NOT NULL,
  "ref" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "chat_posts_by_place_ref" ON "chat_posts" ("place", "ref");
CREATE TABLE "card_posts" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "place" TEXT NOT NULL,
  "ref" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "told" TEXT NOT NULL
);
CREATE INDEX "card_posts_by_case_id" ON "card_posts" ("case_id");
ALTER TABLE "cards" DROP COLUMN "ref";
