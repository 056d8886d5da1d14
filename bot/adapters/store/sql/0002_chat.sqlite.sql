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
CREATE TABLE "link_asks" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "handle_hash" TEXT NOT NULL,
  "account" TEXT NOT NULL,
  "place" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "code_mac" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "tries" INTEGER NOT NULL,
  "browser_hash" TEXT NOT NULL,
  "oid" TEXT NOT NULL
);
CREATE UNIQUE INDEX "link_asks_by_handle_hash" ON "link_asks" ("handle_hash");
CREATE INDEX "link_asks_by_account" ON "link_asks" ("account");
CREATE TABLE "installations" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "channel" TEXT NOT NULL,
  "enterprise" TEXT NOT NULL,
  "team" TEXT NOT NULL,
  "sealed" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "installations_by_channel" ON "installations" ("channel");
CREATE INDEX "installations_by_team" ON "installations" ("team");
CREATE INDEX "links_by_oid" ON "links" ("oid");
