/**
 * What is told of the ends of jobs. `due_at` is when a delivery is tried next, or when the lease of the one who tries it
 * runs out; NULL when it is over. `state`: pending, sending, delivered, failed.
 */
export const sql = `
ALTER TABLE jobs ADD COLUMN callback_url text;

CREATE TABLE deliveries (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  job bigint NOT NULL,
  type text NOT NULL,
  url text NOT NULL,
  host text COLLATE "C" NOT NULL,
  body text NOT NULL,
  state text NOT NULL,
  created_at bigint NOT NULL,
  due_at bigint,
  expires_at bigint NOT NULL,
  token integer NOT NULL,
  attempt integer NOT NULL,
  retries integer NOT NULL,
  attempts text NOT NULL
);
CREATE INDEX deliveries_by_job ON deliveries (job);
CREATE INDEX deliveries_due ON deliveries (due_at, host) WHERE due_at IS NOT NULL;
`
