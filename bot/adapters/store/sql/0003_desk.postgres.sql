CREATE TABLE "tickets" (
  "case_id" TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  "system" TEXT COLLATE "C" NOT NULL,
  "number" TEXT COLLATE "C" NOT NULL,
  "sys_id" TEXT COLLATE "C" NOT NULL,
  "at" TEXT COLLATE "C" NOT NULL
);
CREATE INDEX "tickets_by_system_number" ON "tickets" ("system", "number");
