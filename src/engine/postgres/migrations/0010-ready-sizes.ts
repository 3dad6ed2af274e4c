/**
 * Ready jobs lie in their index by what they take of a worker, so that a claim looks only at the sizes that fit, however
 * many jobs of other sizes are older. And what replicas have to give, as `[cpu, bytes of memory, bytes of scratch]`.
 */
export const sql = `
DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (resources, priority DESC, grp, run_at, num) WHERE phase = 1;
ALTER TABLE replicas ADD COLUMN budget text;
`
