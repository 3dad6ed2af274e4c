/** Beyond this many jobs before it, a job's place is not counted: a person would not read it, and counting has a price. */
export const FAR = 10_000

/** Of more sizes than these, the jobs of the others are not counted. */
const MOST_SIZES = 200

/** Of more higher priorities than these, a tenant's jobs of the others are not counted. */
const MOST_PRIORITIES = 200

/**
 * How many ready jobs run before a queued one ($1 priority, $2 group, $3 run_at, $4 num): all of higher priority, those
 * before it in its own group, and as many of each other group of its priority as get their turn until then. Which group
 * has the next turn is not looked at, so the answer may be too high by one per group; nor is what the jobs need of a worker.
 * Of a tenant's job, those of its groups ($5, inclusive, to $6, exclusive) are counted alone: how much the other tenants have
 * waiting is not its business.
 */
export function aheadSql(schema: string, isOfTenant: boolean): string {
  const ready = `${schema}.jobs WHERE phase = 1`
  const ofSizes = (rest: string): string =>
    `sizes CROSS JOIN LATERAL (SELECT grp FROM ${ready} AND resources = sizes.size AND ${rest}) found`
  const count = (where: string, limit: string): string =>
    `(SELECT count(*) FROM (SELECT FROM ${ofSizes(`${where} LIMIT ${limit}`)} LIMIT ${limit}) counted)`
  const firstGroup = (where: string): string =>
    `(SELECT min(grp) FROM ${ofSizes(`priority = $1 AND ${where} ORDER BY grp LIMIT 1`)})`
  const inReach = isOfTenant ? 'grp >= $5 AND grp < $6' : 'true'
  const higher = isOfTenant
    ? `coalesce((SELECT sum(${count(`priority = above.priority AND ${inReach}`, String(FAR + 1))}) FROM above WHERE priority IS NOT NULL), 0)`
    : count('priority > $1', String(FAR + 1))
  const nextPriority = (after: string): string =>
    `(SELECT min(priority) FROM sizes CROSS JOIN LATERAL (SELECT priority FROM ${ready} AND resources = sizes.size
      AND priority > ${after} ORDER BY priority LIMIT 1) found)`
  return `WITH RECURSIVE each_size(size, place) AS (
    (SELECT resources, 1 FROM ${ready} ORDER BY resources LIMIT 1)
    UNION ALL
    SELECT (SELECT resources FROM ${ready} AND resources > each_size.size ORDER BY resources LIMIT 1), place + 1
    FROM each_size WHERE each_size.size IS NOT NULL AND place < ${MOST_SIZES}
  ), sizes AS MATERIALIZED (
    SELECT size FROM each_size WHERE size IS NOT NULL
  ), own AS MATERIALIZED (
    SELECT ${count('priority = $1 AND grp = $2 AND (run_at, num) < ($3, $4)', String(FAR + 1))} AS jobs
  ), above(priority, place) AS (
    SELECT ${nextPriority('$1')}, 1
    UNION ALL
    SELECT ${nextPriority('above.priority')}, place + 1
    FROM above WHERE above.priority IS NOT NULL AND place < ${MOST_PRIORITIES}
  ), others(grp, place) AS (
    SELECT ${firstGroup(inReach)}, 1 WHERE (SELECT jobs FROM own) > 0
    UNION ALL
    SELECT ${firstGroup(`grp > others.grp AND ${inReach}`)}, place + 1 FROM others WHERE others.grp IS NOT NULL AND place < ${FAR}
  )
  SELECT (SELECT jobs FROM own) + ${higher} + coalesce(
    (SELECT sum(${count('priority = $1 AND grp = others.grp', '(SELECT jobs FROM own)')}) FROM others
      WHERE grp IS NOT NULL AND grp <> $2), 0)`
}
