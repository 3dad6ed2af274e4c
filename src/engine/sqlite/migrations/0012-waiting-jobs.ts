/**
 * A plain job that was due at once lies in `jobs_ready` in the order in which it was created: while it is ready, it needs no
 * place in a second index by age.
 */
export const sql = `
DROP INDEX jobs_by_age;
CREATE INDEX jobs_by_age ON jobs (created_at)
  WHERE phase <> 1 OR priority <> 0 OR grp <> '' OR resources <> '' OR run_at <> created_at;
`
