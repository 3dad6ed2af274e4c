/**
 * What a job takes of a worker. Jobs that need nothing stay in the index they were in. The others lie in one by size: a
 * claim looks only at the sizes that fit, however many jobs of other sizes are older; and in one by age, to count what
 * is before a job.
 */
export const sql = `
ALTER TABLE jobs ADD COLUMN resources TEXT NOT NULL DEFAULT '';
DROP INDEX jobs_ready;
CREATE INDEX jobs_ready ON jobs (priority DESC, grp, run_at) WHERE phase = 1 AND resources = '';
CREATE INDEX jobs_ready_by_size ON jobs (resources, priority DESC, grp, run_at) WHERE phase = 1 AND resources <> '';
CREATE INDEX jobs_ready_sized ON jobs (priority DESC, grp, run_at) WHERE phase = 1 AND resources <> '';
`
