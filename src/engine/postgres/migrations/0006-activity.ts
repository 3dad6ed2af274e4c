/**
 * How many attempts and jobs came to what, by minute, later by hour, in rows of each writer's own so that no two wait for
 * each other; see `activity.ts` for `step`. And what replicas say of themselves.
 */
export const sql = `
CREATE TABLE tallies (
  at bigint NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  step integer NOT NULL,
  owner text COLLATE "C" NOT NULL,
  jobs bigint NOT NULL,
  PRIMARY KEY (at, tenant, kind, step, owner)
);
ALTER TABLE replicas ADD COLUMN name text, ADD COLUMN role text, ADD COLUMN started_at bigint,
  ADD COLUMN slots integer NOT NULL DEFAULT 0;
`
