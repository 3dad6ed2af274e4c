/**
 * What is told of the ends of jobs. `due_at` is when a delivery is tried next, or when the lease of the one who tries it
 * runs out; NULL when it is over. `state`: pending, sending, delivered, failed.
 */
export const sql = `
ALTER TABLE jobs ADD COLUMN callback_url TEXT;

CREATE TABLE deliveries (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  job INTEGER NOT NULL,
  type TEXT NOT NULL,
  url TEXT NOT NULL,
  host TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER,
  expires_at INTEGER NOT NULL,
  token INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  attempts TEXT NOT NULL
);
CREATE INDEX deliveries_by_job ON deliveries (job);
CREATE INDEX deliveries_due ON deliveries (due_at, host) WHERE due_at IS NOT NULL;
`
