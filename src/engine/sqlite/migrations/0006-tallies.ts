/** How many attempts and jobs came to what, by minute, later by hour; see `activity.ts` for `step`. */
export const sql = `
CREATE TABLE tallies (
  at INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  kind TEXT NOT NULL,
  step INTEGER NOT NULL,
  jobs INTEGER NOT NULL,
  PRIMARY KEY (at, tenant, kind, step)
) WITHOUT ROWID;
`
