/** Schedules; those with a tick to come have one index. '' is the tenant of those that have none. A job knows its schedule's name and its tick. */
export const sql = `
CREATE TABLE schedules (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  tenant text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  revision integer NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  next_tick bigint,
  definition text NOT NULL,
  state text NOT NULL
);
CREATE UNIQUE INDEX schedules_by_name ON schedules (name, tenant);
CREATE INDEX schedules_due ON schedules (next_tick) WHERE next_tick IS NOT NULL;
ALTER TABLE jobs ADD COLUMN schedule text COLLATE "C", ADD COLUMN tick bigint;
CREATE INDEX jobs_by_schedule ON jobs (schedule, created_at, num) WHERE schedule IS NOT NULL;
`
