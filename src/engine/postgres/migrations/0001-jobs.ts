/**
 * Jobs with their events, ledger and logs, open ingests, and the replicas that work on them. Documents are JSON as text:
 * PostgreSQL's own JSON types refuse what JavaScript's strings may hold.
 *
 * `phase` is the job's state, with `queued` split in two: 0 delayed, 1 ready, 2 processing, 3 completed, 4 failed,
 * 5 cancelled. `revision` grows with every write of the row, and a write names the one it was decided on. `counters`
 * holds the sums by state in a row per writer, so that no two writers wait for each other. `forgetting` counts who is
 * removing what else a job left: such a job is not requeued.
 */
export const sql = `
CREATE TABLE jobs (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  phase smallint NOT NULL,
  id text COLLATE "C" NOT NULL UNIQUE,
  revision integer NOT NULL DEFAULT 0,
  version integer NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  run_at bigint NOT NULL,
  started_at bigint,
  completed_at bigint,
  cancel_requested_at bigint,
  priority integer NOT NULL,
  grp text COLLATE "C" NOT NULL,
  labels text,
  processor text NOT NULL,
  manifest text NOT NULL,
  parameters text,
  max_attempts integer NOT NULL,
  timeout_ms bigint NOT NULL,
  failed_files_only integer NOT NULL,
  attempt integer NOT NULL,
  attempt_base integer NOT NULL,
  token integer NOT NULL,
  worker text,
  lease_expires_at bigint,
  ended_by text,
  forgetting integer NOT NULL DEFAULT 0,
  checkpoint text,
  progress text,
  result text,
  error text,
  errors text,
  files_total integer NOT NULL,
  files_done integer NOT NULL,
  files_failed integer NOT NULL,
  files_downloaded integer NOT NULL DEFAULT 0,
  files_bytes bigint NOT NULL,
  outputs text,
  events text,
  idempotency_key text COLLATE "C",
  request_hash text
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX jobs_ready ON jobs (priority DESC, grp, run_at, num) WHERE phase = 1;
CREATE INDEX jobs_due ON jobs (phase, run_at) WHERE phase <= 1;
CREATE INDEX jobs_by_phase ON jobs (phase, created_at, num);
CREATE INDEX jobs_by_group ON jobs (grp, created_at, num) WHERE grp <> '';
CREATE UNIQUE INDEX jobs_by_idempotency_key ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE events (
  job bigint NOT NULL,
  seq integer NOT NULL,
  type text NOT NULL,
  at bigint NOT NULL,
  data text NOT NULL,
  PRIMARY KEY (job, seq)
);

CREATE TABLE files (
  job bigint NOT NULL,
  idx integer NOT NULL,
  uri text NOT NULL,
  state text NOT NULL,
  size_bytes bigint,
  etag text,
  sha256 text,
  error text,
  PRIMARY KEY (job, idx)
);

CREATE TABLE logs (
  job bigint NOT NULL,
  line bigint GENERATED ALWAYS AS IDENTITY,
  attempt integer NOT NULL,
  at bigint NOT NULL,
  level text NOT NULL,
  message text NOT NULL,
  fields text,
  PRIMARY KEY (job, line)
);

CREATE TABLE counters (
  owner text PRIMARY KEY,
  queued bigint NOT NULL,
  processing bigint NOT NULL,
  completed bigint NOT NULL,
  failed bigint NOT NULL,
  cancelled bigint NOT NULL
);

CREATE TABLE replicas (
  id text PRIMARY KEY,
  doorbell text,
  seen_at bigint NOT NULL
);

CREATE TABLE ingests (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id text COLLATE "C" NOT NULL UNIQUE,
  bucket text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  closed_at bigint,
  draft text NOT NULL,
  idempotency_key text COLLATE "C",
  request_hash text
);
CREATE INDEX ingests_open ON ingests (expires_at, num) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX ingests_by_idempotency_key ON ingests (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE ingest_files (
  ingest bigint NOT NULL REFERENCES ingests ON DELETE CASCADE,
  position integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  etag text,
  body text NOT NULL,
  PRIMARY KEY (ingest, position)
);
`
