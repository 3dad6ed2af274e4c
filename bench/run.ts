import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

/** Runs the benchmarks named on the command line, e.g. `npm run bench -- jsonl tar`, or all of them, one after the other. */
const wanted = process.argv.slice(2)
const all = globSync('*.bench.ts', { cwd: import.meta.dirname }).sort()
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.includes(file.replace('.bench.ts', '')))
if (chosen.length === 0) {
  console.error(
    `There is no such benchmark. There are: ${all.map((file) => file.replace('.bench.ts', '')).join(', ')}.`,
  )
  process.exitCode = 2
}
for (const file of chosen) {
  console.log(`# ${file}`)
  const options = ['--conditions=longshore-source', '--expose-gc']
  const { status } = spawnSync(process.execPath, [...options, join(import.meta.dirname, file)], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
