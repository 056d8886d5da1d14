CREATE TABLE "chat_accounts" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "channel" TEXT COLLATE "C" NOT NULL,
  "tenant" TEXT COLLATE "C" NOT NULL,
  "user" TEXT COLLATE "C" NOT NULL,
  "standing" TEXT COLLATE "C" NOT NULL,
  "oid" TEXT COLLATE "C" NOT NULL,
  "locale" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE TABLE "chat_addresses" (
  "place" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "body" TEXT NOT NULL,
  "closed" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE TABLE "chat_posts" (
  "key" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "place" TEXT COLLATE "C" NOT NULL,
  "ref" TEXT COLLATE "C" NOT NULL,
  "message" TEXT NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "chat_posts_by_place_ref" ON "chat_posts" ("place", "ref");
CREATE TABLE "card_posts" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "place" TEXT COLLATE "C" NOT NULL,
  "ref" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "told" TEXT NOT NULL
);
CREATE INDEX "card_posts_by_case_id" ON "card_posts" ("case_id");
ALTER TABLE "cards" DROP COLUMN "ref";
CREATE TABLE "link_asks" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "handle_hash" TEXT COLLATE "C" NOT NULL,
  "account" TEXT COLLATE "C" NOT NULL,
  "place" TEXT COLLATE "C" NOT NULL,
  "locale" TEXT COLLATE "C" NOT NULL,
  "code_mac" TEXT COLLATE "C" NOT NULL,
  "asked_at" TEXT COLLATE "C" NOT NULL,
  "expires_at" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "tries" BIGINT NOT NULL,
  "browser_hash" TEXT COLLATE "C" NOT NULL,
  "oid" TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX "link_asks_by_handle_hash" ON "link_asks" ("handle_hash");
CREATE INDEX "link_asks_by_account" ON "link_asks" ("account");
CREATE TABLE "installations" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "channel" TEXT COLLATE "C" NOT NULL,
  "enterprise" TEXT COLLATE "C" NOT NULL,
  "team" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "installations_by_channel" ON "installations" ("channel");
CREATE INDEX "installations_by_team" ON "installations" ("team");
CREATE INDEX "links_by_oid" ON "links" ("oid");
