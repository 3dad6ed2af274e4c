import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Folder of real bins with their `expected.json`. They are not the project's to ship: it lies beside the repository, or
 * where `TEST_IFCB_DATA` says.
 */
export const REAL_BINS =
  process.env.TEST_IFCB_DATA ?? fileURLToPath(new URL('../../../shared/data/ifcb/', import.meta.url))

/** For a test's options: the tests on real bins say that they are skipped where there are none. */
export const needsRealBins = {
  skip: existsSync(join(REAL_BINS, 'expected.json')) ? false : 'no real bins here: set TEST_IFCB_DATA to their folder',
}
