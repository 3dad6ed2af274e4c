/**
 * A plain job, which has no priority, no group and needs nothing, lies in `jobs_ready` in the order of its turn, and that
 * is the order in which it became due: while it is ready, it needs no place in a second index by age.
 */
export const sql = `
DROP INDEX jobs_open;
CREATE INDEX jobs_open ON jobs (phase, run_at)
  WHERE phase <= 2 AND (phase <> 1 OR priority <> 0 OR grp <> '' OR resources <> '');
`
