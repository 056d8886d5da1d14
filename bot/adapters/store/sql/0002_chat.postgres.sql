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
