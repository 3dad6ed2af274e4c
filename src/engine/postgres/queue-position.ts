/** Beyond this many jobs before it, a job's place is not counted: a person would not read it, and counting has a price. */
export const FAR = 10_000

/**
 * How many ready jobs run before a queued one ($1 priority, $2 group, $3 run_at, $4 num): all of higher priority, those
 * before it in its own group, and as many of each other group of its priority as get their turn until then. Which group
 * has the next turn is not looked at, so the answer may be too high by one per group.
 */
export function aheadSql(schema: string): string {
  const ready = `${schema}.jobs WHERE phase = 1`
  const count = (where: string, limit: string): string =>
    `(SELECT count(*) FROM (SELECT FROM ${ready} AND ${where} LIMIT ${limit}) counted)`
  return `WITH RECURSIVE own AS MATERIALIZED (
    SELECT ${count('priority = $1 AND grp = $2 AND (run_at, num) < ($3, $4)', String(FAR + 1))} AS jobs
  ), others(grp, place) AS (
    (SELECT grp, 1 FROM ${ready} AND priority = $1 AND (SELECT jobs FROM own) > 0 ORDER BY grp LIMIT 1)
    UNION ALL
    SELECT (SELECT grp FROM ${ready} AND priority = $1 AND grp > others.grp ORDER BY grp LIMIT 1), place + 1
    FROM others WHERE others.grp IS NOT NULL AND place < ${FAR}
  )
  SELECT (SELECT jobs FROM own) + ${count('priority > $1', String(FAR + 1))} + coalesce(
    (SELECT sum(${count('priority = $1 AND grp = others.grp', '(SELECT jobs FROM own)')}) FROM others
      WHERE grp IS NOT NULL AND grp <> $2), 0)`
}
