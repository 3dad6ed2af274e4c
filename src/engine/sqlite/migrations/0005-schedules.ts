/** Schedules; those with a tick to come have one index. '' is the tenant of those that have none. A job knows its schedule's name and its tick. */
export const sql = `
CREATE TABLE schedules (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  next_tick INTEGER,
  definition TEXT NOT NULL,
  state TEXT NOT NULL
);
CREATE UNIQUE INDEX schedules_by_name ON schedules (name, tenant);
CREATE INDEX schedules_due ON schedules (next_tick) WHERE next_tick IS NOT NULL;
ALTER TABLE jobs ADD COLUMN schedule TEXT;
ALTER TABLE jobs ADD COLUMN tick INTEGER;
CREATE INDEX jobs_by_schedule ON jobs (schedule, created_at) WHERE schedule IS NOT NULL;
`
