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
