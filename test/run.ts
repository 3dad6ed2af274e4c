import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { resolve } from 'node:path'

/** Runs every test file, or those named on the command line, and passes on how it ended. */
const root = resolve(import.meta.dirname, '..')
const named = process.argv.slice(2)
const files = named.length > 0 ? named : globSync('test/**/*.test.ts', { cwd: root }).sort()
const options = ['--conditions=longshore-source', '--test', '--test-timeout=300000']
const run = spawnSync(process.execPath, [...options, ...files], { cwd: root, stdio: 'inherit' })
process.exitCode = run.status ?? 1
