import { GROUP_SQL } from '../../job/queue-group.ts'
import { STORED_COLUMNS, storedColumnsOf } from './job-entry.ts'

/** With a limit, so many groups of one priority are looked at: those at their limit are stepped over. */
const MOST_GROUPS = 10_000

/** Of more sizes than these a claim looks at so many, and the next one at the others: each costs a few seeks. */
export const MOST_SIZES = 200

/**
 * Claims jobs. The first row tells the priority, whether more is ready, and the sizes that are ready; the others are the claimed jobs in order. Nothing is claimed when a size is ready that the caller does not know.
 * $1 count, $2 turns, $3 priority to stay below, $4 priority to stay above, $5 group limit, $6 sizes that are wanted, $7
 * to $9 what of cpu, memory and scratch is free, $10 sizes that are known, $11 size to read sizes after, $12 worker, $13
 * now, $14 end of the lease, $15 limits of tenants as `{"each": most, "own": {tenant: most}}`.
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
  ), ${orderSql(schema, { tenants: '$15::jsonb', condition: '(SELECT so FROM is_known)', lock: 'FOR UPDATE SKIP LOCKED' })}, admitted AS (
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
      token = j.token + 1, worker = $12::text, lease_expires_at = $14::bigint, started_at = greatest($13::bigint, j.run_at), updated_at = greatest($13::bigint, j.run_at),
      events = concat(j.events, CASE WHEN j.events <> '' THEN ',' END,
        '[', j.version + 1, ',"job.started",', greatest($13::bigint, j.run_at), ',{"attempt":', j.attempt + 1, ',"worker":', to_json($12::text), '}]')
    FROM admitted WHERE j.num = admitted.num AND j.phase = 1
    RETURNING admitted.rank, admitted.place, ${storedColumnsOf('j')}
  ), counted AS (
    INSERT INTO ${schema}.counters AS c (owner, queued, processing, completed, failed, cancelled)
    SELECT '${owner}', -count(*), count(*), 0, 0, 0 FROM claimed HAVING count(*) > 0
    ON CONFLICT (owner) DO UPDATE SET queued = c.queued + excluded.queued, processing = c.processing + excluded.processing
  )
  SELECT (SELECT priority FROM level), EXISTS (SELECT FROM ${schema}.jobs WHERE phase = 1 AND num NOT IN (SELECT num FROM claimed)),
    ARRAY(SELECT size FROM present WHERE size IS NOT NULL ORDER BY place), ${nulls.join(', ')}
  UNION ALL
  (SELECT rank::integer, NULL, NULL, ${STORED_COLUMNS} FROM claimed ORDER BY rank, place)`
}

/** The next job of the wanted sizes, claimed by nobody: number, priority, group and size. Parameters as of {@link claimSql} up to $6; $7 limits of tenants. */
export function nextSql(schema: string): string {
  return `WITH RECURSIVE ${orderSql(schema, { tenants: '$7::jsonb', condition: 'true', lock: '' })}
    SELECT num::bigint, (SELECT priority FROM level), grp, resources FROM picked ORDER BY rank, place LIMIT 1`
}

function nextSize(schema: string, after: string): string {
  return `(SELECT resources FROM ${schema}.jobs WHERE phase = 1 AND resources > ${after} ORDER BY resources LIMIT 1)`
}

/** What differs between statements that look at the order. */
interface OrderParts {
  /** The limits of tenants. */
  tenants: string
  /** Nothing is looked at unless it holds. */
  condition: string
  lock: string
}

/**
 * The ready jobs of the wanted sizes in order: highest priority, then one of each party in turn, then the oldest. A party
 * is a tenant, whose groups take turns within, or a group that is no tenant's.
 */
function orderSql(schema: string, { tenants, condition, lock }: OrderParts): string {
  const ofSize = (columns: string, rest: string): string =>
    `unnest($6::text[]) AS wanted(size) CROSS JOIN LATERAL (
      SELECT ${columns} FROM ${schema}.jobs WHERE phase = 1 AND resources = wanted.size AND ${rest}) found`
  const inLevel = 'priority = (SELECT priority FROM level)'
  const firstGroup = (rest: string): string =>
    `(SELECT min(grp) FROM ${ofSize('grp', `${inLevel} AND ${rest} ORDER BY grp LIMIT 1`)})`
  const inBounds = '($3::integer IS NULL OR priority < $3) AND ($4::integer IS NULL OR priority > $4)'
  const mostRunning = `CASE WHEN ${tenants} -> 'own' ? tenant THEN ${tenants} -> 'own' ->> tenant ELSE ${tenants} ->> 'each' END`
  const running = `SELECT count(*) FROM ${schema}.jobs j WHERE j.tenant = named.tenant AND j.tenant <> '' AND j.phase = 2`
  return `level AS MATERIALIZED (
    SELECT priority, $2::json ->> priority::text AS served FROM (
      SELECT max(priority) AS priority FROM ${ofSize('priority', `${inBounds} ORDER BY priority DESC LIMIT 1`)}
    ) highest WHERE priority IS NOT NULL AND ${condition}
  ), busy AS MATERIALIZED (
    SELECT grp, count(*) AS running FROM ${schema}.jobs WHERE $5::bigint IS NOT NULL AND phase = 2 AND grp <> '' GROUP BY grp
  ), ${ringSql('turn', {
    from: firstGroup('true'),
    after: (group) => firstGroup(`grp >= ${GROUP_SQL.next(group)}`),
    end: GROUP_SQL.next('(SELECT served FROM level)'),
    startAfter: '(SELECT served FROM level)',
    most: `CASE WHEN $5::bigint IS NULL AND ${tenants} IS NULL THEN $1 ELSE ${MOST_GROUPS} END`,
  })}, parties AS MATERIALIZED (
    SELECT * FROM (
      SELECT grp, place, tenant, CASE WHEN tenant IS NULL OR most IS NULL THEN $1::bigint
        ELSE least($1, most - (${running})) END AS allowance
      FROM (SELECT grp, place, tenant, CASE WHEN ${tenants} IS NOT NULL THEN (${mostRunning})::bigint END AS most
        FROM (SELECT grp, place, ${GROUP_SQL.tenant('grp')} AS tenant FROM turn) named) named
    ) each WHERE allowance > 0
  ), seats AS (
    SELECT grp, place, 1 AS seat, allowance FROM parties WHERE tenant IS NULL
    UNION ALL
    SELECT own.grp, parties.place, own.place, allowance FROM parties CROSS JOIN LATERAL (
      WITH RECURSIVE ${ringSql('own', {
        from: 'parties.grp',
        after: (group) => firstGroup(`grp > ${group} AND grp < ${GROUP_SQL.next('parties.grp')}`),
        end: `$2::json ->> ((SELECT priority FROM level) || ' ' || parties.tenant) || chr(1)`,
        startAfter: `($2::json ->> ((SELECT priority FROM level) || ' ' || parties.tenant))`,
        most: `CASE WHEN $5::bigint IS NULL THEN $1 ELSE ${MOST_GROUPS} END`,
      })} SELECT grp, place FROM own
    ) own WHERE parties.tenant IS NOT NULL
  ), allowed AS MATERIALIZED (
    SELECT * FROM (
      SELECT grp, place, seat, allowance, mine, dense_rank() OVER (ORDER BY place) AS party,
        row_number() OVER (PARTITION BY place ORDER BY seat) AS nth
      FROM (
        SELECT seats.*, CASE WHEN $5::bigint IS NULL OR seats.grp = '' THEN $1::bigint
          ELSE least($1, $5 - coalesce(busy.running, 0)) END AS mine
        FROM seats LEFT JOIN busy ON busy.grp = seats.grp
      ) each WHERE mine > 0
    ) ranked WHERE party <= $1 AND nth <= $1
  ), shares AS MATERIALIZED (
    SELECT grp, place, seat, most, least(mine, ceil(most::numeric / count(*) OVER (PARTITION BY place)))::bigint AS mine
    FROM (
      SELECT *, least(allowance, ceil($1::numeric / greatest(1, max(party) OVER ())))::bigint AS most FROM allowed
    ) each
  ), picked AS MATERIALIZED (
    SELECT num, grp, place, rank, resources FROM (
      SELECT heads.num, shares.grp, shares.place, shares.most, heads.resources,
        row_number() OVER (PARTITION BY shares.place ORDER BY heads.nth, shares.seat) AS rank
      FROM shares CROSS JOIN LATERAL (
        SELECT num, resources, row_number() OVER (ORDER BY run_at, num) AS nth FROM ${ofSize(
          'num, run_at, resources',
          `${inLevel} AND grp = shares.grp ORDER BY run_at, num LIMIT shares.mine ${lock}`,
        )}
      ) heads WHERE heads.nth <= shares.mine
    ) ranked WHERE rank <= most ORDER BY rank, place LIMIT $1
  )`
}

/** Names of groups that are gone round, as expressions. */
interface Ring {
  from: string
  after(group: string): string
  /** It begins after this one; null at the first. */
  startAfter: string
  /** Once round it ends before this one. */
  end: string
  /** How many names at most. */
  most: string
}

/** Goes round once: a table of the groups and their places, from 1. */
function ringSql(name: string, { from, after, startAfter, end, most }: Ring): string {
  const either = (columns: string, next: string, isWrapped: string, wraps: string): string =>
    `SELECT ${columns} FROM (
        SELECT ${next} AS grp, ${isWrapped} AS wrapped
        UNION ALL
        SELECT ${from}, true ${wraps}
      ) candidates WHERE grp IS NOT NULL ORDER BY wrapped LIMIT 1`
  return `${name}(grp, place, wrapped) AS (
    SELECT first.grp, 1, first.wrapped FROM (${either('grp, wrapped', after(startAfter), 'false', '')}) first
    UNION ALL
    SELECT step.grp, ${name}.place + 1, step.wrapped FROM ${name} CROSS JOIN LATERAL (
      ${either('grp, wrapped', after(`${name}.grp`), `${name}.wrapped`, `WHERE NOT ${name}.wrapped`)}
    ) step
    WHERE ${name}.place < ${most} AND NOT (step.wrapped AND coalesce(step.grp >= ${end}, false))
  )`
}
