import { Client, escapeIdentifier } from 'pg'

/** A job's row changed hands or state: what the database itself saw, whatever any process believes. */
export interface AuditRow {
  job: string
  /** When, by the database's clock, in ms since 1970. */
  at: number
  /** See `src/engine/record/phase.ts`; null of a row that was not there before. */
  was: number | null
  /** Null of a row that is gone. */
  phase: number | null
  tokenWas: number | null
  token: number | null
  attempt: number
  worker: string | null
  /** Who signed the end of the attempt; null when it was taken from its worker. */
  endedBy: string | null
  /** When the lease that ends with this change would have run out. */
  leaseExpiredAt: number | null
  cancelAsked: boolean
}

/** Lets the database itself note every change of hands of a job. Call it once the tables are there. */
export async function installAudit(url: string, schema: string): Promise<void> {
  const jobs = `${escapeIdentifier(schema)}.jobs`
  await withClient(url, (client) =>
    client.query(`CREATE SCHEMA chaos;
      CREATE TABLE chaos.audit (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job text NOT NULL, at bigint NOT NULL, was integer, phase integer, token_was integer, token integer,
        attempt integer, worker text, ended_by text, lease_expired_at bigint, cancel_asked boolean
      );
      CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE at bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
        BEGIN
          IF TG_OP = 'INSERT' THEN
            INSERT INTO chaos.audit (job, at, phase, token, attempt, worker, cancel_asked)
            VALUES (NEW.id, at, NEW.phase, NEW.token, NEW.attempt, NEW.worker, false);
          ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO chaos.audit (job, at, was, token_was, attempt) VALUES (OLD.id, at, OLD.phase, OLD.token, OLD.attempt);
          ELSE
            INSERT INTO chaos.audit (job, at, was, phase, token_was, token, attempt, worker, ended_by, lease_expired_at, cancel_asked)
            VALUES (NEW.id, at, OLD.phase, NEW.phase, OLD.token, NEW.token, NEW.attempt, coalesce(NEW.worker, OLD.worker),
              NEW.ended_by, OLD.lease_expires_at, NEW.cancel_requested_at IS NOT NULL);
          END IF;
          RETURN NULL;
        END $$;
      CREATE TRIGGER chaos_coming AFTER INSERT OR DELETE ON ${jobs} FOR EACH ROW EXECUTE FUNCTION chaos.note();
      CREATE TRIGGER chaos_moving AFTER UPDATE ON ${jobs} FOR EACH ROW WHEN (OLD.phase <> NEW.phase OR OLD.token <> NEW.token
        OR OLD.cancel_requested_at IS DISTINCT FROM NEW.cancel_requested_at) EXECUTE FUNCTION chaos.note();`),
  )
}

/** Everything that was noted, in order. */
export async function readAudit(url: string): Promise<AuditRow[]> {
  const { rows } = await withClient(url, (client) =>
    client.query(`SELECT job, at::float8 AS at, was, phase, token_was AS "tokenWas", token, attempt, worker,
      ended_by AS "endedBy", lease_expired_at::float8 AS "leaseExpiredAt", cancel_asked AS "cancelAsked"
      FROM chaos.audit ORDER BY place`),
  )
  return rows
}

/** How many jobs are there by phase, and how many there are by the service's own sums: [phase or state, count]. */
export async function countJobs(url: string, schema: string): Promise<{ byPhase: number[]; bySums: number[] }> {
  const place = escapeIdentifier(schema)
  return withClient(url, async (client) => {
    const phases = await client.query(`SELECT phase, count(*)::integer AS count FROM ${place}.jobs GROUP BY phase`)
    const byPhase = [0, 0, 0, 0, 0, 0]
    for (const { phase, count } of phases.rows) byPhase[phase] = count
    const { rows } =
      await client.query(`SELECT coalesce(sum(queued), 0)::integer AS queued, coalesce(sum(processing), 0)::integer AS processing,
      coalesce(sum(completed), 0)::integer AS completed, coalesce(sum(failed), 0)::integer AS failed,
      coalesce(sum(cancelled), 0)::integer AS cancelled FROM ${place}.counters`)
    const { queued, processing, completed, failed, cancelled } = rows[0]
    return { byPhase, bySums: [queued, processing, completed, failed, cancelled] }
  })
}

/** Ends every connection that listens for notifications; answers how many those were. */
export async function endListeners(url: string): Promise<number> {
  const { rows } = await withClient(url, (client) =>
    client.query(`SELECT count(pg_terminate_backend(pid))::integer AS ended FROM pg_stat_activity
      WHERE application_name IN ('longshore news', 'longshore bell')`),
  )
  return rows[0].ended
}

async function withClient<Answer>(url: string, use: (client: Client) => Promise<Answer>): Promise<Answer> {
  const client = new Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}
