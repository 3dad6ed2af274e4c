/**
 * Whose a job or an ingest is; '' belongs to no tenant. An idempotency key is its tenant's own: two tenants that use the
 * same one must not meet.
 */
export const sql = `
ALTER TABLE jobs ADD COLUMN tenant text COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX jobs_by_idempotency_key;
CREATE UNIQUE INDEX jobs_by_idempotency_key ON jobs (idempotency_key, tenant) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_by_tenant ON jobs (tenant, created_at, num) WHERE tenant <> '';

ALTER TABLE ingests ADD COLUMN tenant text COLLATE "C" NOT NULL DEFAULT '';
DROP INDEX ingests_by_idempotency_key;
CREATE UNIQUE INDEX ingests_by_idempotency_key ON ingests (idempotency_key, tenant) WHERE idempotency_key IS NOT NULL;
`
