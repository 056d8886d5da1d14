CREATE TABLE "tickets" (
  "case_id" TEXT PRIMARY KEY NOT NULL,
  "system" TEXT NOT NULL,
  "number" TEXT NOT NULL,
  "sys_id" TEXT NOT NULL,
  "at" TEXT NOT NULL
);
CREATE INDEX "tickets_by_system_number" ON "tickets" ("system", "number");
