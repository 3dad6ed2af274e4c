import { PHASE } from '../record/phase.ts'

/** Jobs that wait or are worked on, by phase, those due longest first; of those that are ready all but the plain ones. */
export const OPEN = `jobs INDEXED BY jobs_open
  WHERE phase <= 2 AND (phase <> ${PHASE.ready} OR priority <> 0 OR grp <> '' OR resources <> '')`

/** Ready jobs that need nothing of a worker, by priority and group, those due longest first. */
export const READY = `jobs INDEXED BY jobs_ready WHERE phase = ${PHASE.ready} AND resources = ''`

/** Ready jobs that need something, in the same order. */
export const READY_SIZED = `jobs INDEXED BY jobs_ready_sized WHERE phase = ${PHASE.ready} AND resources <> ''`

/** The same, by what they need, each size in the same order. */
export const READY_BY_SIZE = `jobs INDEXED BY jobs_ready_by_size WHERE phase = ${PHASE.ready} AND resources <> ''`

/** Ready jobs of no priority and no group that need nothing, those due longest first. */
export const READY_PLAIN = `${READY} AND priority = 0 AND grp = ''`
