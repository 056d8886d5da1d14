CREATE TABLE "tickets" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "system" TEXT COLLATE "C" NOT NULL,
  "number" TEXT COLLATE "C" NOT NULL,
  "sys_id" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "ours" BOOLEAN NOT NULL
);
CREATE INDEX "tickets_by_system_number" ON "tickets" ("system", "number");
CREATE TABLE "notice_codes" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "job" TEXT COLLATE "C" NOT NULL,
  "number" TEXT COLLATE "C" NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "what" TEXT COLLATE "C" NOT NULL,
  "stops" TEXT COLLATE "C" NOT NULL,
  "salt" TEXT COLLATE "C" NOT NULL,
  "made_at" TEXT COLLATE "C" NOT NULL,
  "expires_at" TEXT COLLATE "C" NOT NULL,
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "notice_codes_by_number" ON "notice_codes" ("number");
CREATE INDEX "notice_codes_by_job" ON "notice_codes" ("job");
CREATE TABLE "objections" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "network" TEXT COLLATE "C" NOT NULL,
  "result" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "objections_by_subject_oid_at" ON "objections" ("subject_oid", "at");
CREATE INDEX "objections_by_case_id" ON "objections" ("case_id");
CREATE TABLE "takebacks" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "why" TEXT COLLATE "C" NOT NULL,
  "asked_at" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "passes" TEXT COLLATE "C" NOT NULL,
  "sessions" TEXT COLLATE "C" NOT NULL,
  "by_oid" TEXT COLLATE "C" NOT NULL,
  "tried_at" TEXT COLLATE "C",
  "pass_id" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "takebacks_by_status_asked_at" ON "takebacks" ("status", "asked_at");
CREATE TABLE "stretches" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "kind" TEXT COLLATE "C" NOT NULL,
  "asked_at" TEXT COLLATE "C" NOT NULL,
  "agents" BIGINT NOT NULL,
  "before" BIGINT NOT NULL,
  "taken_at" TEXT COLLATE "C",
  "done_at" TEXT COLLATE "C"
);
CREATE INDEX "stretches_by_case_id" ON "stretches" ("case_id");
CREATE INDEX "stretches_by_kind_done_at" ON "stretches" ("kind", "done_at");
CREATE TABLE "transfers" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "from_oid" TEXT COLLATE "C" NOT NULL,
  "from_name" TEXT COLLATE "C" NOT NULL,
  "to_oid" TEXT COLLATE "C" NOT NULL,
  "to_name" TEXT COLLATE "C" NOT NULL,
  "note" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "until" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "accepted_at" TEXT COLLATE "C"
);
CREATE INDEX "transfers_by_to_oid_status" ON "transfers" ("to_oid", "status");
CREATE TABLE "thanks" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "number" TEXT COLLATE "C" NOT NULL,
  "oid" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "thanks_by_oid_at" ON "thanks" ("oid", "at");
CREATE INDEX "thanks_by_case_id" ON "thanks" ("case_id");
CREATE TABLE "addresses" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "match" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "strong" BOOLEAN NOT NULL,
  "added_at" TEXT COLLATE "C" NOT NULL,
  "counts_from" TEXT COLLATE "C",
  "removed_at" TEXT COLLATE "C",
  "tries" BIGINT NOT NULL,
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "addresses_by_subject_oid" ON "addresses" ("subject_oid");
CREATE TABLE "issued_codes" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "purpose" TEXT COLLATE "C" NOT NULL,
  "owner" TEXT COLLATE "C" NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "match" TEXT COLLATE "C" NOT NULL,
  "salt" TEXT COLLATE "C" NOT NULL,
  "locale" TEXT COLLATE "C" NOT NULL,
  "read_on" TEXT COLLATE "C" NOT NULL,
  "made_at" TEXT COLLATE "C" NOT NULL,
  "expires_at" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "address" TEXT COLLATE "C" NOT NULL,
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "issued_codes_by_owner" ON "issued_codes" ("owner");
CREATE INDEX "issued_codes_by_subject_oid_made_at" ON "issued_codes" ("subject_oid", "made_at");
CREATE TABLE "contacts" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "subject_oid" TEXT COLLATE "C" NOT NULL,
  "contact_oid" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "strong" BOOLEAN NOT NULL,
  "added_at" TEXT COLLATE "C" NOT NULL,
  "accepted_at" TEXT COLLATE "C",
  "counts_from" TEXT COLLATE "C",
  "removed_at" TEXT COLLATE "C",
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "contacts_by_subject_oid" ON "contacts" ("subject_oid");
CREATE INDEX "contacts_by_contact_oid" ON "contacts" ("contact_oid");
ALTER TABLE "browsers" ADD COLUMN "device" TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE "browsers" ADD COLUMN "counts_from" TEXT COLLATE "C";
CREATE TABLE "moves" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "attempt_id" TEXT COLLATE "C" NOT NULL,
  "token_hash" TEXT COLLATE "C" NOT NULL,
  "made_at" TEXT COLLATE "C" NOT NULL,
  "expires_at" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "tries" BIGINT NOT NULL
);
CREATE UNIQUE INDEX "moves_by_token_hash" ON "moves" ("token_hash");
CREATE INDEX "moves_by_case_id" ON "moves" ("case_id");
ALTER TABLE "attempts" ADD COLUMN "via" TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE "attempts" ADD COLUMN "moved_from" TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE "counters" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "browser_hash" TEXT COLLATE "C" NOT NULL,
  "name" TEXT COLLATE "C" NOT NULL,
  "site" TEXT COLLATE "C" NOT NULL,
  "enrolled_by" TEXT COLLATE "C" NOT NULL,
  "enrolled_name" TEXT COLLATE "C" NOT NULL,
  "since" TEXT COLLATE "C" NOT NULL,
  "signing_id" TEXT COLLATE "C" NOT NULL,
  "revoked_at" TEXT COLLATE "C",
  "revoked_by" TEXT COLLATE "C" NOT NULL,
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX "counters_by_browser_hash" ON "counters" ("browser_hash");
CREATE INDEX "counters_by_revoked_at" ON "counters" ("revoked_at");
CREATE TABLE "helpings" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "handle_hash" TEXT COLLATE "C" NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "helper_oid" TEXT COLLATE "C" NOT NULL,
  "helper_name" TEXT COLLATE "C" NOT NULL,
  "role" TEXT COLLATE "C" NOT NULL,
  "named_by" TEXT COLLATE "C" NOT NULL,
  "named_at" TEXT COLLATE "C" NOT NULL,
  "expires_at" TEXT COLLATE "C" NOT NULL,
  "status" TEXT COLLATE "C" NOT NULL,
  "attempt_id" TEXT COLLATE "C" NOT NULL,
  "begun_at" TEXT COLLATE "C",
  "signing_id" TEXT COLLATE "C" NOT NULL,
  "ended_reason" TEXT COLLATE "C" NOT NULL,
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX "helpings_by_handle_hash" ON "helpings" ("handle_hash");
CREATE INDEX "helpings_by_case_id_status" ON "helpings" ("case_id", "status");
ALTER TABLE "checks" ADD COLUMN "counter_id" TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE "requests" ADD COLUMN "helper_oid" TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE "talks" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "begun_at" TEXT COLLATE "C" NOT NULL,
  "last_at" TEXT COLLATE "C" NOT NULL,
  "lines" BIGINT NOT NULL,
  "waiting" BIGINT NOT NULL,
  "agent_oid" TEXT COLLATE "C" NOT NULL,
  "agent_name" TEXT COLLATE "C" NOT NULL,
  "page_seen" BIGINT NOT NULL,
  "wiped_at" TEXT COLLATE "C"
);
CREATE TABLE "talk_lines" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "seq" BIGINT NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "author" TEXT COLLATE "C" NOT NULL,
  "oid" TEXT COLLATE "C" NOT NULL,
  "name" TEXT COLLATE "C" NOT NULL,
  "surface" TEXT COLLATE "C" NOT NULL,
  "word" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT COLLATE "C" NOT NULL,
  "masked" BOOLEAN NOT NULL,
  "dedupe_key" TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX "talk_lines_by_case_id_seq" ON "talk_lines" ("case_id", "seq");
CREATE UNIQUE INDEX "talk_lines_by_dedupe_key" ON "talk_lines" ("dedupe_key");
CREATE TABLE "threats" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "mode" TEXT COLLATE "C" NOT NULL,
  "by_oid" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL,
  "lowering_oid" TEXT COLLATE "C" NOT NULL,
  "lowering_human" TEXT COLLATE "C" NOT NULL,
  "lowering_at" TEXT COLLATE "C",
  "mac" TEXT COLLATE "C" NOT NULL
);
CREATE TABLE "outages" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "what" TEXT COLLATE "C" NOT NULL,
  "texts" TEXT NOT NULL,
  "pauses" BOOLEAN NOT NULL,
  "started_at" TEXT COLLATE "C" NOT NULL,
  "until" TEXT COLLATE "C" NOT NULL,
  "started_by" TEXT COLLATE "C" NOT NULL,
  "started_name" TEXT COLLATE "C" NOT NULL,
  "ended_at" TEXT COLLATE "C",
  "ended_by" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "outages_by_ended_at" ON "outages" ("ended_at");
CREATE TABLE "outage_wishes" (
  "id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "outage_id" TEXT COLLATE "C" NOT NULL,
  "place" TEXT COLLATE "C" NOT NULL,
  "case_id" TEXT COLLATE "C" NOT NULL,
  "locale" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "outage_wishes_by_outage_id" ON "outage_wishes" ("outage_id");
CREATE TABLE "held_requests" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "outage_id" TEXT COLLATE "C" NOT NULL,
  "step" TEXT COLLATE "C" NOT NULL,
  "version" BIGINT NOT NULL,
  "acts" TEXT NOT NULL,
  "shape" TEXT COLLATE "C" NOT NULL,
  "within" BIGINT NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "held_requests_by_outage_id" ON "held_requests" ("outage_id");
