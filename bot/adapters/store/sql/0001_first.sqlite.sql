CREATE TABLE "events" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "dedupe_key" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "reply" TEXT NOT NULL,
  "error" TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX "events_by_dedupe_key" ON "events" ("dedupe_key");
CREATE INDEX "events_by_id_where" ON "events" ("id") WHERE status = 'failed';
CREATE TABLE "cases" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "number" TEXT NOT NULL,
  "handle_hash" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "flow_hash" TEXT NOT NULL,
  "locale" TEXT NOT NULL,
  "place" TEXT NOT NULL,
  "opener" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "identified_by" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "step" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "status" TEXT NOT NULL,
  "outcome" TEXT NOT NULL,
  "opened_at" TEXT NOT NULL,
  "touched_at" TEXT NOT NULL,
  "ended_at" TEXT,
  "proven_at" TEXT,
  "network" TEXT NOT NULL,
  "agent_started" INTEGER NOT NULL
);
CREATE UNIQUE INDEX "cases_by_number" ON "cases" ("number");
CREATE UNIQUE INDEX "cases_by_handle_hash" ON "cases" ("handle_hash");
CREATE INDEX "cases_by_place_status" ON "cases" ("place", "status");
CREATE INDEX "cases_by_subject_oid_status" ON "cases" ("subject_oid", "status");
CREATE INDEX "cases_by_status_opened_at" ON "cases" ("status", "opened_at");
CREATE TABLE "outbox" (
  "key" TEXT NOT NULL UNIQUE,
  "lane" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "not_before" TEXT NOT NULL,
  "seq" INTEGER PRIMARY KEY,
  "status" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL,
  "leased_until" TEXT,
  "coalesce" TEXT NOT NULL,
  "error" TEXT NOT NULL,
  "leased_by" TEXT NOT NULL
);
CREATE INDEX "outbox_by_lane_seq_where" ON "outbox" ("lane", "seq") WHERE status = 'waiting';
CREATE INDEX "outbox_by_coalesce_where" ON "outbox" ("coalesce") WHERE status = 'waiting' AND "coalesce" <> '';
CREATE INDEX "outbox_by_seq_where" ON "outbox" ("seq") WHERE status = 'dead';
CREATE TABLE "timers" (
  "key" TEXT PRIMARY KEY NOT NULL,
  "kind" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "due_at" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL,
  "group" TEXT NOT NULL
);
CREATE INDEX "timers_by_due_at_where" ON "timers" ("due_at") WHERE status = 'waiting';
CREATE INDEX "timers_by_group_where" ON "timers" ("group") WHERE status = 'waiting';
CREATE INDEX "timers_by_key_where" ON "timers" ("key") WHERE status = 'dead';
CREATE TABLE "transcript" (
  "effect_key" TEXT PRIMARY KEY NOT NULL,
  "place" TEXT NOT NULL,
  "seq" INTEGER NOT NULL,
  "at" TEXT NOT NULL,
  "author" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  "case_id" TEXT NOT NULL
);
CREATE UNIQUE INDEX "transcript_by_place_seq" ON "transcript" ("place", "seq");
CREATE INDEX "transcript_by_case_id" ON "transcript" ("case_id");
CREATE TABLE "chats" (
  "place" TEXT PRIMARY KEY NOT NULL,
  "locale" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE TABLE "links" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "channel" TEXT NOT NULL,
  "tenant" TEXT NOT NULL,
  "user" TEXT NOT NULL,
  "oid" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE UNIQUE INDEX "links_by_channel_tenant_user" ON "links" ("channel", "tenant", "user");
CREATE TABLE "flow_versions" (
  "hash" TEXT PRIMARY KEY NOT NULL,
  "flow" TEXT NOT NULL,
  "files" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "flow_versions_by_flow" ON "flow_versions" ("flow");
CREATE TABLE "flow_aliases" (
  "flow" TEXT PRIMARY KEY NOT NULL,
  "hash" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE TABLE "attempts" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "browser_hash" TEXT NOT NULL,
  "claimed_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "network" TEXT NOT NULL,
  "country" TEXT NOT NULL,
  "device" TEXT NOT NULL,
  "shared" INTEGER NOT NULL,
  "page_key" TEXT NOT NULL,
  "thumbprint" TEXT NOT NULL,
  "key_tested_at" TEXT,
  "challenge" TEXT NOT NULL,
  "challenge_wire" TEXT NOT NULL,
  "challenged_at" TEXT,
  "answered_at" TEXT,
  "wrong_tries" INTEGER NOT NULL,
  "wait_until" TEXT,
  "gone" TEXT NOT NULL,
  "gone_at" TEXT,
  "helper_oid" TEXT NOT NULL,
  "remembered" INTEGER NOT NULL,
  "ended_reason" TEXT NOT NULL
);
CREATE UNIQUE INDEX "attempts_by_browser_hash" ON "attempts" ("browser_hash");
CREATE INDEX "attempts_by_case_id_status" ON "attempts" ("case_id", "status");
CREATE INDEX "attempts_by_status_expires_at" ON "attempts" ("status", "expires_at");
CREATE TABLE "provings" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "step" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "acts" TEXT NOT NULL,
  "opened_at" TEXT NOT NULL,
  "closed_at" TEXT,
  "answered" TEXT NOT NULL,
  "rank" TEXT NOT NULL,
  "groups" TEXT NOT NULL,
  "rank_at" TEXT,
  "looked_at" TEXT,
  "methods" TEXT NOT NULL,
  "known" TEXT NOT NULL
);
CREATE TABLE "evidence" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "by_oid" TEXT NOT NULL,
  "thumbprint" TEXT NOT NULL,
  "how" TEXT NOT NULL,
  "mac" TEXT NOT NULL,
  "voided_at" TEXT,
  "void_reason" TEXT NOT NULL
);
CREATE INDEX "evidence_by_attempt_id" ON "evidence" ("attempt_id");
CREATE INDEX "evidence_by_case_id" ON "evidence" ("case_id");
CREATE INDEX "evidence_by_subject_oid_at" ON "evidence" ("subject_oid", "at");
CREATE TABLE "checks" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "how" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "handle_hash" TEXT NOT NULL,
  "expected_oid" TEXT NOT NULL,
  "by_oid" TEXT NOT NULL,
  "by_auth_time" TEXT,
  "number_ref" TEXT NOT NULL,
  "told" TEXT NOT NULL,
  "digits_mac" TEXT NOT NULL,
  "digits_until" TEXT,
  "tries" INTEGER NOT NULL,
  "ended_reason" TEXT NOT NULL,
  "signing_id" TEXT NOT NULL
);
CREATE UNIQUE INDEX "checks_by_handle_hash" ON "checks" ("handle_hash");
CREATE INDEX "checks_by_case_id_status" ON "checks" ("case_id", "status");
CREATE INDEX "checks_by_attempt_id" ON "checks" ("attempt_id");
CREATE TABLE "saved_codes" (
  "selector" TEXT PRIMARY KEY NOT NULL,
  "set_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "verifier" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "counts_from" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "used_at" TEXT,
  "mac" TEXT NOT NULL
);
CREATE INDEX "saved_codes_by_subject_oid_status" ON "saved_codes" ("subject_oid", "status");
CREATE INDEX "saved_codes_by_set_id" ON "saved_codes" ("set_id");
CREATE TABLE "browsers" (
  "browser_hash" TEXT PRIMARY KEY NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "thumbprint" TEXT NOT NULL,
  "since" TEXT NOT NULL,
  "mac" TEXT NOT NULL
);
CREATE INDEX "browsers_by_subject_oid" ON "browsers" ("subject_oid");
CREATE TABLE "sightings" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "method_id" TEXT NOT NULL,
  "method_type" TEXT NOT NULL,
  "label" TEXT NOT NULL,
  "first_seen_at" TEXT NOT NULL,
  "created_at" TEXT,
  "baseline" INTEGER NOT NULL,
  "gone_at" TEXT
);
CREATE INDEX "sightings_by_subject_oid" ON "sightings" ("subject_oid");
CREATE TABLE "limits" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "count" INTEGER NOT NULL,
  "until" TEXT NOT NULL
);
CREATE TABLE "signings" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "purpose" TEXT NOT NULL,
  "subject_ref" TEXT NOT NULL,
  "state_hash" TEXT NOT NULL,
  "browser_hash" TEXT NOT NULL,
  "expected_oid" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "started_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "signed_oid" TEXT NOT NULL,
  "auth_time" TEXT,
  "outcome" TEXT NOT NULL,
  "sealed_token" TEXT NOT NULL
);
CREATE UNIQUE INDEX "signings_by_state_hash" ON "signings" ("state_hash");
CREATE INDEX "signings_by_purpose_subject_ref_status" ON "signings" ("purpose", "subject_ref", "status");
CREATE INDEX "signings_by_status_expires_at" ON "signings" ("status", "expires_at");
CREATE TABLE "used_sign_ins" (
  "oid" TEXT PRIMARY KEY NOT NULL,
  "auth_time" TEXT NOT NULL
);
CREATE TABLE "sessions" (
  "id_hash" TEXT PRIMARY KEY NOT NULL,
  "kind" TEXT NOT NULL,
  "oid" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "seen_at" TEXT NOT NULL,
  "auth_time" TEXT NOT NULL,
  "facts" TEXT NOT NULL,
  "ended_at" TEXT
);
CREATE INDEX "sessions_by_oid" ON "sessions" ("oid");
CREATE TABLE "shifts" (
  "oid" TEXT PRIMARY KEY NOT NULL,
  "name" TEXT NOT NULL,
  "started_at" TEXT NOT NULL,
  "seen_at" TEXT NOT NULL,
  "ended_at" TEXT
);
CREATE TABLE "cards" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "handle_hash" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "wants" TEXT NOT NULL,
  "taken_by" TEXT NOT NULL,
  "taken_name" TEXT NOT NULL,
  "taken_at" TEXT,
  "touched_at" TEXT,
  "escalated_at" TEXT,
  "version" INTEGER NOT NULL,
  "ref" TEXT NOT NULL
);
CREATE INDEX "cards_by_status_asked_at" ON "cards" ("status", "asked_at");
CREATE INDEX "cards_by_handle_hash" ON "cards" ("handle_hash");
CREATE TABLE "requests" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "step" TEXT NOT NULL,
  "state_version" INTEGER NOT NULL,
  "acts" TEXT NOT NULL,
  "rank" TEXT NOT NULL,
  "policy_version" TEXT NOT NULL,
  "evidence_ids" TEXT NOT NULL,
  "thumbprint" TEXT NOT NULL,
  "approvals" INTEGER NOT NULL,
  "asked_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "outcome" TEXT NOT NULL,
  "ended_at" TEXT,
  "refusal" TEXT NOT NULL,
  "ends_pinned_at" TEXT,
  "first_asked_at" TEXT
);
CREATE INDEX "requests_by_case_id_status" ON "requests" ("case_id", "status");
CREATE INDEX "requests_by_subject_oid_status" ON "requests" ("subject_oid", "status");
CREATE INDEX "requests_by_status_expires_at" ON "requests" ("status", "expires_at");
CREATE TABLE "reviews" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "request_id" TEXT NOT NULL,
  "approver_oid" TEXT NOT NULL,
  "human" TEXT NOT NULL,
  "decision" TEXT NOT NULL,
  "reason" TEXT NOT NULL,
  "signing_id" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "mac" TEXT NOT NULL,
  "plan_digest" TEXT NOT NULL,
  "note" TEXT NOT NULL
);
CREATE UNIQUE INDEX "reviews_by_request_id_human" ON "reviews" ("request_id", "human");
CREATE INDEX "reviews_by_request_id" ON "reviews" ("request_id");
CREATE TABLE "decisions" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "request_id" TEXT NOT NULL,
  "approver_oid" TEXT NOT NULL,
  "at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "execution_id" TEXT NOT NULL,
  "reasons" TEXT NOT NULL,
  "missing" INTEGER NOT NULL,
  "outcome" TEXT NOT NULL,
  "ended_at" TEXT
);
CREATE INDEX "decisions_by_request_id" ON "decisions" ("request_id");
CREATE INDEX "decisions_by_status" ON "decisions" ("status");
CREATE TABLE "executions" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "request_id" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "approver_oid" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "started_at" TEXT NOT NULL,
  "closed_at" TEXT,
  "outcome" TEXT NOT NULL
);
CREATE UNIQUE INDEX "executions_by_subject_oid_where" ON "executions" ("subject_oid") WHERE status = 'open';
CREATE INDEX "executions_by_request_id" ON "executions" ("request_id");
CREATE INDEX "executions_by_subject_oid_status" ON "executions" ("subject_oid", "status");
CREATE TABLE "intents" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "execution_id" TEXT NOT NULL,
  "n" INTEGER NOT NULL,
  "act" TEXT NOT NULL,
  "written_at" TEXT NOT NULL,
  "result" TEXT NOT NULL,
  "result_at" TEXT,
  "detail" TEXT NOT NULL
);
CREATE INDEX "intents_by_execution_id_n" ON "intents" ("execution_id", "n");
CREATE TABLE "handovers" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "request_id" TEXT NOT NULL,
  "attempt_id" TEXT NOT NULL,
  "thumbprint" TEXT NOT NULL,
  "sealed" TEXT NOT NULL,
  "pass_id" TEXT NOT NULL,
  "made_at" TEXT NOT NULL,
  "ready_at" TEXT NOT NULL,
  "expires_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "shown_at" TEXT
);
CREATE INDEX "handovers_by_case_id_status" ON "handovers" ("case_id", "status");
CREATE INDEX "handovers_by_status_expires_at" ON "handovers" ("status", "expires_at");
CREATE TABLE "withdrawals" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "execution_id" TEXT NOT NULL,
  "subject_oid" TEXT NOT NULL,
  "pass_id" TEXT NOT NULL,
  "why" TEXT NOT NULL,
  "asked_at" TEXT NOT NULL,
  "status" TEXT NOT NULL,
  "by_oid" TEXT NOT NULL,
  "done_at" TEXT
);
CREATE INDEX "withdrawals_by_status" ON "withdrawals" ("status");
CREATE INDEX "withdrawals_by_case_id" ON "withdrawals" ("case_id");
CREATE TABLE "additions" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "case_id" TEXT NOT NULL,
  "method_id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "label" TEXT NOT NULL,
  "made_at" TEXT,
  "seen_at" TEXT NOT NULL,
  "yours" TEXT NOT NULL
);
CREATE INDEX "additions_by_case_id" ON "additions" ("case_id");
CREATE TABLE "audit" (
  "id" TEXT PRIMARY KEY NOT NULL,
  "at" TEXT NOT NULL,
  "case_id" TEXT NOT NULL,
  "actor" TEXT NOT NULL,
  "actor_method" TEXT NOT NULL,
  "actor_auth_time" TEXT,
  "subject" TEXT NOT NULL,
  "tag" TEXT NOT NULL,
  "body" TEXT NOT NULL,
  "number" INTEGER,
  "leaf" TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX "audit_by_number_where" ON "audit" ("number") WHERE number IS NOT NULL;
CREATE INDEX "audit_by_id_where" ON "audit" ("id") WHERE number IS NULL;
CREATE INDEX "audit_by_case_id_where" ON "audit" ("case_id") WHERE number IS NOT NULL;
CREATE TABLE "audit_roots" (
  "size" INTEGER PRIMARY KEY NOT NULL,
  "root" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE TABLE "leases" (
  "name" TEXT PRIMARY KEY NOT NULL,
  "holder" TEXT NOT NULL,
  "until" TEXT NOT NULL
);
CREATE TABLE "facts" (
  "name" TEXT PRIMARY KEY NOT NULL,
  "value" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
