import { STORED_COLUMNS, storedColumnsOf } from './job-entry.ts'

/** With a group limit, so many groups of one priority are looked at: those at their limit are stepped over. */
const MOST_GROUPS = 10_000

/** Of more sizes than these a claim looks at so many, and the next one at the others: each costs a few seeks. */
export const MOST_SIZES = 200

/**
 * Claims jobs. The first row tells the priority, whether more is ready, the group served last, and the sizes that are
 * ready; the others are the claimed jobs in order. Nothing is claimed when a size is ready that the caller does not know.
 * $1 count, $2 turns, $3 priority to stay below, $4 priority to stay above, $5 group limit, $6 sizes that are wanted, $7
 * to $9 what of cpu, memory and scratch is free, $10 sizes that are known, $11 size to read sizes after, $12 worker, $13
 * now, $14 end of the lease.
 */
export function claimSql(schema: string, owner: string): string {
  const nulls = STORED_COLUMNS.split(', ').map(() => 'NULL')
  return `WITH RECURSIVE present(size, place) AS (
    SELECT ${nextSize(schema, '$11::text')}, 1
    UNION ALL
    SELECT ${nextSize(schema, 'present.size')}, place + 1 FROM present
    WHERE present.size IS NOT NULL AND place < ${MOST_SIZES}
  ), is_known AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT FROM present WHERE size IS NOT NULL AND size <> ALL($10::text[])) AS so
  ), ${orderSql(schema, '(SELECT so FROM is_known)', 'FOR UPDATE SKIP LOCKED')}, admitted AS (
    SELECT num, place, rank FROM (
      SELECT num, place, rank, sum(cpu) OVER before AS cpu, sum(memory) OVER before AS memory, sum(scratch) OVER before AS scratch
      FROM (
        SELECT num, place, rank, coalesce((needs ->> 0)::float8, 0) AS cpu, coalesce((needs ->> 1)::float8, 0) AS memory,
          coalesce((needs ->> 2)::float8, 0) AS scratch
        FROM (SELECT *, nullif(resources, '')::json AS needs FROM picked) sized
      ) needing
      WINDOW before AS (ORDER BY rank, place)
    ) sums WHERE cpu <= $7::float8 AND memory <= $8::float8 AND scratch <= $9::float8
  ), claimed AS (
    UPDATE ${schema}.jobs j SET phase = 2, revision = j.revision + 1, version = j.version + 1, attempt = j.attempt + 1,
      token = j.token + 1, worker = $12::text, lease_expires_at = $14::bigint, started_at = $13::bigint, updated_at = $13::bigint,
      events = concat(j.events, CASE WHEN j.events <> '' THEN ',' END,
        '[', j.version + 1, ',"job.started",', $13::bigint, ',{"attempt":', j.attempt + 1, ',"worker":', to_json($12::text), '}]')
    FROM admitted WHERE j.num = admitted.num AND j.phase = 1
    RETURNING admitted.rank, admitted.place, ${storedColumnsOf('j')}
  ), counted AS (
    INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
    SELECT '${owner}', -count(*), count(*), 0, 0, 0 FROM claimed HAVING count(*) > 0
    ON CONFLICT (owner) DO UPDATE SET queued = c.queued + excluded.queued, processing = c.processing + excluded.processing
  )
  SELECT (SELECT priority FROM level), EXISTS (SELECT FROM ${schema}.jobs WHERE phase = 1 AND num NOT IN (SELECT num FROM claimed)),
    (SELECT grp FROM claimed ORDER BY rank DESC, place DESC LIMIT 1),
    ARRAY(SELECT size FROM present WHERE size IS NOT NULL ORDER BY place), ${nulls.join(', ')}
  UNION ALL
  (SELECT rank::integer, NULL, NULL, NULL, ${STORED_COLUMNS} FROM claimed ORDER BY rank, place)`
}

/** The next job of the wanted sizes, claimed by nobody: number, priority, group and size. Parameters as of {@link claimSql} up to $6. */
export function nextSql(schema: string): string {
  return `WITH RECURSIVE ${orderSql(schema, 'true', '')}
    SELECT num::bigint, (SELECT priority FROM level), grp, resources FROM picked ORDER BY rank, place LIMIT 1`
}

function nextSize(schema: string, after: string): string {
  return `(SELECT resources FROM ${schema}.jobs WHERE phase = 1 AND resources > ${after} ORDER BY resources LIMIT 1)`
}

/** The ready jobs of the wanted sizes in order: highest priority, then one of each group in turn, then the oldest. */
function orderSql(schema: string, condition: string, lock: string): string {
  const ofSize = (columns: string, rest: string): string =>
    `unnest($6::text[]) AS wanted(size) CROSS JOIN LATERAL (
      SELECT ${columns} FROM ${schema}.jobs WHERE phase = 1 AND resources = wanted.size AND ${rest}) found`
  const inLevel = 'priority = (SELECT priority FROM level)'
  const firstGroup = (rest: string): string =>
    `(SELECT min(grp) FROM ${ofSize('grp', `${inLevel} AND ${rest} ORDER BY grp LIMIT 1`)})`
  const inBounds = '($3::integer IS NULL OR priority < $3) AND ($4::integer IS NULL OR priority > $4)'
  return `level AS MATERIALIZED (
    SELECT priority, $2::json ->> priority::text AS served FROM (
      SELECT max(priority) AS priority FROM ${ofSize('priority', `${inBounds} ORDER BY priority DESC LIMIT 1`)}
    ) highest WHERE priority IS NOT NULL AND ${condition}
  ), busy AS MATERIALIZED (
    SELECT grp, count(*) AS running FROM ${schema}.jobs WHERE $5::bigint IS NOT NULL AND phase = 2 AND grp <> '' GROUP BY grp
  ), turn(grp, place, wrapped) AS (
    SELECT first.grp, 1, first.wrapped FROM (
      SELECT grp, wrapped FROM (
        SELECT ${firstGroup('grp > (SELECT served FROM level)')} AS grp, false AS wrapped
        UNION ALL
        SELECT ${firstGroup('true')}, true
      ) candidates WHERE grp IS NOT NULL ORDER BY wrapped LIMIT 1
    ) first
    UNION ALL
    SELECT step.grp, turn.place + 1, step.wrapped FROM turn CROSS JOIN LATERAL (
      SELECT grp, wrapped FROM (
        SELECT ${firstGroup('grp > turn.grp')} AS grp, turn.wrapped
        UNION ALL
        SELECT ${firstGroup('true')}, true WHERE NOT turn.wrapped
      ) candidates WHERE grp IS NOT NULL ORDER BY wrapped LIMIT 1
    ) step
    WHERE turn.place < CASE WHEN $5::bigint IS NULL THEN $1 ELSE ${MOST_GROUPS} END
      AND NOT (step.wrapped AND step.grp > coalesce((SELECT served FROM level), step.grp))
  ), allowed AS MATERIALIZED (
    SELECT grp, place, allowance FROM (
      SELECT turn.grp, turn.place, CASE WHEN $5::bigint IS NULL OR turn.grp = '' THEN $1::bigint
        ELSE least($1, $5 - coalesce(busy.running, 0)) END AS allowance
      FROM turn LEFT JOIN busy ON busy.grp = turn.grp
    ) each WHERE allowance > 0 ORDER BY place LIMIT $1
  ), share AS (
    SELECT ceil($1::numeric / greatest(1, count(*)))::bigint AS most FROM allowed
  ), picked AS MATERIALIZED (
    SELECT heads.num, allowed.grp, allowed.place, heads.rank, heads.resources FROM allowed CROSS JOIN LATERAL (
      SELECT num, resources, row_number() OVER (ORDER BY run_at, num) AS rank FROM ${ofSize(
        'num, run_at, resources',
        `${inLevel} AND grp = allowed.grp
        ORDER BY run_at, num LIMIT least((SELECT most FROM share), allowed.allowance) ${lock}`,
      )}
    ) heads
    WHERE heads.rank <= least((SELECT most FROM share), allowed.allowance)
    ORDER BY heads.rank, allowed.place LIMIT $1
  )`
}
