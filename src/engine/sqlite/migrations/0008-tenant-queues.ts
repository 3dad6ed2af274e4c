/** Finds the jobs of a tenant in a phase: how many wait is counted with every submit of a tenant that has a limit. */
export const sql = "CREATE INDEX jobs_by_tenant_phase ON jobs (tenant, phase) WHERE tenant <> ''"
