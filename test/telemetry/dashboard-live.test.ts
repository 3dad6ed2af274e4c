import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { openReceiver, WEBHOOK_SECRET } from '../support/receiver.ts'
import { openService } from '../support/service-here.ts'
import { tempFolder } from '../support/temp-folder.ts'

const noPrometheus =
  spawnSync('prometheus', ['--version']).status === 0 ? false : 'prometheus is not installed (Debian: prometheus)'

const dashboard: { panels: { title: string; targets?: { expr: string }[] }[] } = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../deploy/grafana/longshore.json'), 'utf8'),
)

/** A Prometheus of its own that scrapes one service several times a second. */
async function startPrometheus(target: string) {
  const folder = await tempFolder()
  const port = await freePort()
  const config = join(folder.path, 'prometheus.yml')
  const scrape = [{ job_name: 'longshore', static_configs: [{ targets: [target] }] }]
  writeFileSync(config, JSON.stringify({ global: { scrape_interval: '300ms' }, scrape_configs: scrape }))
  const options = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder.path, 'data')}`]
  const child = spawn('prometheus', [...options, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' })
  return {
    /** How many series an expression has now; undefined while it does not answer. */
    async count(expression: string): Promise<number | undefined> {
      const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`
      const answer = await fetch(url).catch(() => undefined)
      if (answer === undefined || answer.status === 503) return undefined
      const { status, error, data } = (await answer.json()) as PromAnswer
      assert.equal(status, 'success', `${expression}: ${error}`)
      return data?.result.length
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await once(child, 'close')
      await folder[Symbol.asyncDispose]()
    },
  }
}

interface PromAnswer {
  status: string
  error?: string
  data?: { result: unknown[] }
}

test('every panel of the dashboard has something to show of a service that works', { skip: noPrometheus }, async () => {
  await using receiver = await openReceiver()
  await using service = await openService({ WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' })
  const { api } = service
  await using prometheus = await startPrometheus(new URL(api.url).host)
  const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.+')] as const),
  )
  let silent = expressions
  while (silent.length > 0) {
    const done = await api.upload({ 'a.dat': 'abc' }, { parameters: { records: 1 }, callback_url: receiver.url })
    const failing = await api.upload({ 'a.dat': 'abc' }, { parameters: { fail: 'always' }, max_attempts: '2' })
    await Promise.all([api.ended(done), api.ended(failing)])
    await api.post('/jobs', { manifest_uri: 's3://longshore/none.json' })
    await fetch(`${api.url}/jobs?cursor=none`)
    const counts = await Promise.all(silent.map(([, expression]) => prometheus.count(expression)))
    silent = silent.filter((_, n) => !counts[n])
  }
  assert.ok(expressions.length > 30, `only ${expressions.length} expressions were found`)
})
