CREATE TABLE "tickets" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "system" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "sys_id" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "ours" INTEGER NOT NULL
);
CREATE INDEX "tickets_by_system_number" ON "tickets" ("system", "number");
CREATE TABLE "notice_codes" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "job" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "what" TEXT NOT NULL,
  "stops" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE INDEX "notice_codes_by_number" ON "notice_codes" ("number");
CREATE INDEX "notice_codes_by_job" ON "notice_codes" ("job");
CREATE TABLE "objections" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "network" TEXT NOT NULL,
  "result" TEXT NOT NULL
);
CREATE INDEX "objections_by_subject_oid_at" ON "objections" ("subject_oid", "at");
CREATE INDEX "objections_by_case_id" ON "objections" ("case_id");
CREATE TABLE "takebacks" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "why" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "passes" TEXT NOT NULL,
  "sessions" TEXT NOT NULL,
  "by_oid" TEXT NOT NULL,
  "tried_at" TEXT,
  "pass_id" TEXT NOT NULL
);
CREATE INDEX "takebacks_by_status_asked_at" ON "takebacks" ("status", "asked_at");
CREATE TABLE "stretches" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "agents" INTEGER NOT NULL,
  "before" INTEGER NOT NULL,
  "taken_at" TEXT,
  "done_at" TEXT
);
CREATE INDEX "stretches_by_case_id" ON "stretches" ("case_id");
CREATE INDEX "stretches_by_kind_done_at" ON "stretches" ("kind", "done_at");
CREATE TABLE "transfers" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "from_oid" TEXT NOT NULL,
  "from_name" TEXT NOT NULL,
  "to_oid" TEXT NOT NULL,
  "to_name" TEXT NOT NULL,
  "note" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "until" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "accepted_at" TEXT
);
CREATE INDEX "transfers_by_to_oid_status" ON "transfers" ("to_oid", "status");
CREATE TABLE "thanks" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "oid" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "thanks_by_oid_at" ON "thanks" ("oid", "at");
CREATE INDEX "thanks_by_case_id" ON "thanks" ("case_id");
CREATE TABLE "addresses" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "match" TEXT NOT NULL,
  "sealed" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "strong" INTEGER NOT NULL,
  "added_at" TEXT NOT NULL,
  "counts_from" TEXT,
  "removed_at" TEXT,
  "tries" INTEGER NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE INDEX "addresses_by_subject_oid" ON "addresses" ("subject_oid");
CREATE TABLE "issued_codes" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "purpose" TEXT NOT NULL,
  "owner" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "match" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "read_on" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "address" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE INDEX "issued_codes_by_owner" ON "issued_codes" ("owner");
CREATE INDEX "issued_codes_by_subject_oid_made_at" ON "issued_codes" ("subject_oid", "made_at");
CREATE TABLE "contacts" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "contact_oid" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "strong" INTEGER NOT NULL,
  "added_at" TEXT NOT NULL,
  "accepted_at" TEXT,
  "counts_from" TEXT,
  "removed_at" TEXT,
  "mac" TEXT NOT NULL
);
CREATE INDEX "contacts_by_subject_oid" ON "contacts" ("subject_oid");
CREATE INDEX "contacts_by_contact_oid" ON "contacts" ("contact_oid");
ALTER TABLE "browsers" ADD COLUMN "device" TEXT NOT NULL DEFAULT '';
ALTER TABLE "browsers" ADD COLUMN "counts_from" TEXT;
CREATE TABLE "moves" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "token_hash" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "tries" INTEGER NOT NULL
);
CREATE UNIQUE INDEX "moves_by_token_hash" ON "moves" ("token_hash");
CREATE INDEX "moves_by_case_id" ON "moves" ("case_id");
ALTER TABLE "attempts" ADD COLUMN "via" TEXT NOT NULL DEFAULT '';
ALTER TABLE "attempts" ADD COLUMN "moved_from" TEXT NOT NULL DEFAULT '';
CREATE TABLE "counters" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "browser_hash" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "site" TEXT NOT NULL,
  "enrolled_by" TEXT NOT NULL,
  "enrolled_name" TEXT NOT NULL,
  "since" TEXT NOT NULL,
  "signing_id" TEXT NOT NULL,
  "revoked_at" TEXT,
  "revoked_by" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE UNIQUE INDEX "counters_by_browser_hash" ON "counters" ("browser_hash");
CREATE INDEX "counters_by_revoked_at" ON "counters" ("revoked_at");
CREATE TABLE "helpings" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "handle_hash" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "helper_oid" TEXT NOT NULL,
  "helper_name" TEXT NOT NULL,
  "role" TEXT NOT NULL,
  "named_by" TEXT NOT NULL,
  "named_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "begun_at" TEXT,
  "signing_id" TEXT NOT NULL,
  "ended_reason" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE UNIQUE INDEX "helpings_by_handle_hash" ON "helpings" ("handle_hash");
CREATE INDEX "helpings_by_case_id_status" ON "helpings" ("case_id", "status");
ALTER TABLE "checks" ADD COLUMN "counter_id" TEXT NOT NULL DEFAULT '';
ALTER TABLE "requests" ADD COLUMN "helper_oid" TEXT NOT NULL DEFAULT '';
CREATE TABLE "talks" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "begun_at" TEXT NOT NULL,
  "last_at" TEXT NOT NULL,
  "lines" INTEGER NOT NULL,
  "waiting" INTEGER NOT NULL,
  "agent_oid" TEXT NOT NULL,
  "agent_name" TEXT NOT NULL,
  "page_seen" INTEGER NOT NULL,
  "wiped_at" TEXT
);
CREATE TABLE "talk_lines" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "seq" INTEGER NOT NULL,
  "at" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "oid" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "surface" TEXT NOT NULL,
  "word" TEXT NOT NULL,
  "sealed" TEXT NOT NULL,
  "masked" INTEGER NOT NULL,
  "dedupe_key" TEXT NOT NULL
);
CREATE UNIQUE INDEX "talk_lines_by_case_id_seq" ON "talk_lines" ("case_id", "seq");
CREATE UNIQUE INDEX "talk_lines_by_dedupe_key" ON "talk_lines" ("dedupe_key");
CREATE TABLE "threats" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "mode" TEXT NOT NULL,
  "by_oid" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "lowering_oid" TEXT NOT NULL,
  "lowering_human" TEXT NOT NULL,
  "lowering_at" TEXT,
  "mac" TEXT NOT NULL
);
CREATE TABLE "outages" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "what" TEXT NOT NULL,
  "texts" TEXT NOT NULL,
  "pauses" INTEGER NOT NULL,
  "started_at" TEXT NOT NULL,
  "until" TEXT NOT NULL,
  "started_by" TEXT NOT NULL,
  "started_name" TEXT NOT NULL,
  "ended_at" TEXT,
  "ended_by" TEXT NOT NULL
);
CREATE INDEX "outages_by_ended_at" ON "outages" ("ended_at");
CREATE TABLE "outage_wishes" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "outage_id" TEXT NOT NULL,
  "place" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "outage_wishes_by_outage_id" ON "outage_wishes" ("outage_id");
CREATE TABLE "held_requests" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "outage_id" TEXT NOT NULL,
  "step" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "acts" TEXT NOT NULL,
  "shape" TEXT NOT NULL,
  "within" INTEGER NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "held_requests_by_outage_id" ON "held_requests" ("outage_id");
