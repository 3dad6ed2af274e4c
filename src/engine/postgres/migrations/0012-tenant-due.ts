/** A tenant's jobs are counted, and the one that has been due longest is found, without looking at them. */
export const sql = `
DROP INDEX jobs_by_tenant_phase;
CREATE INDEX jobs_by_tenant_phase ON jobs (tenant, phase, run_at) WHERE tenant <> '';
`
