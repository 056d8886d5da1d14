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
