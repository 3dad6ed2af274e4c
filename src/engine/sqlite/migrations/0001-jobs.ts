/**
 * Jobs with their events, ledger and logs, and open ingests.
 *
 * `phase` is the job's state, with `queued` split in two so that a job that is not due yet stays out of the ready index:
 * 0 delayed, 1 ready, 2 processing, 3 completed, 4 failed, 5 cancelled. The indexes are partial, so a job pays only for
 * those of the phase it is in. `events` holds a job's state changes while they are short, see `event-table.ts`. `grp` is '' for a job without a group, because `grp > ?` must be able to step over it.
 */
export const sql = `
CREATE TABLE jobs (
  num INTEGER PRIMARY KEY,
  phase INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  run_at INTEGER NOT NULL,
  started_at INTEGER,
  completed_at INTEGER,
  cancel_requested_at INTEGER,
  priority INTEGER NOT NULL,
  grp TEXT NOT NULL,
  labels TEXT,
  processor TEXT NOT NULL,
  manifest TEXT,
  parameters TEXT,
  max_attempts INTEGER NOT NULL,
  timeout_ms INTEGER NOT NULL,
  failed_files_only INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  attempt_base INTEGER NOT NULL,
  token INTEGER NOT NULL,
  worker TEXT,
  checkpoint TEXT,
  progress TEXT,
  result TEXT,
  error TEXT,
  errors TEXT,
  files_total INTEGER NOT NULL,
  files_done INTEGER NOT NULL,
  files_failed INTEGER NOT NULL,
  files_bytes INTEGER NOT NULL,
  outputs TEXT,
  events TEXT,
  idempotency_key TEXT,
  request_hash TEXT
);
CREATE INDEX jobs_ready ON jobs (priority DESC, grp, run_at) WHERE phase = 1;
CREATE INDEX jobs_open ON jobs (phase, run_at) WHERE phase <= 2;
CREATE INDEX jobs_ended ON jobs (phase, created_at) WHERE phase > 2;
CREATE INDEX jobs_by_age ON jobs (created_at);
CREATE INDEX jobs_by_group ON jobs (grp, created_at) WHERE grp <> '';
CREATE UNIQUE INDEX jobs_by_idempotency_key ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE manifests (job INTEGER PRIMARY KEY, body TEXT NOT NULL);

CREATE TABLE events (
  job INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  at INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (job, seq)
) WITHOUT ROWID;

CREATE TABLE files (
  job INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  uri TEXT NOT NULL,
  state TEXT NOT NULL,
  size_bytes INTEGER,
  etag TEXT,
  sha256 TEXT,
  error TEXT,
  PRIMARY KEY (job, idx)
) WITHOUT ROWID;

CREATE TABLE logs (
  job INTEGER NOT NULL,
  line INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  fields TEXT,
  PRIMARY KEY (job, line)
) WITHOUT ROWID;

CREATE TABLE ingests (
  num INTEGER PRIMARY KEY,
  job_id TEXT NOT NULL UNIQUE,
  bucket TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  closed_at INTEGER,
  draft TEXT NOT NULL,
  idempotency_key TEXT,
  request_hash TEXT
);
CREATE INDEX ingests_open ON ingests (expires_at) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX ingests_by_idempotency_key ON ingests (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE ingest_files (
  ingest INTEGER NOT NULL,
  position INTEGER NOT NULL,
  id TEXT NOT NULL,
  etag TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (ingest, position)
) WITHOUT ROWID;
CREATE INDEX ingest_files_by_id ON ingest_files (ingest, id);
`
