import type { Stats } from '@longshore/client'
import { absolute, compact, count, duration } from '../../format.ts'
import { Chart, type Series } from '../../parts/chart.tsx'

/** What ended in each slice of the window, and how long it took. */
export function History({ stats }: { stats: Stats | undefined }) {
  const slices = stats?.slices ?? []
  const times = slices.map(({ at }) => Date.parse(at) / 1000)
  // The later bars are drawn over the earlier: what shows of each is its own share.
  const ends: Series[] = [
    {
      name: 'Tried again',
      colour: '--retried',
      kind: 'bars',
      values: slices.map(({ completed, failed, retried }) => completed + failed + retried),
    },
    {
      name: 'Failed',
      colour: '--failed',
      kind: 'bars',
      values: slices.map(({ completed, failed }) => completed + failed),
    },
    { name: 'Completed', colour: '--completed', kind: 'bars', values: slices.map(({ completed }) => completed) },
  ]
  const lengths: Series[] = [
    {
      name: 'Run time p95',
      colour: '--processing',
      kind: 'line',
      values: slices.map(({ ran }) => ran?.p95_seconds ?? null),
    },
    {
      name: 'Run time p50',
      colour: '--completed',
      kind: 'line',
      values: slices.map(({ ran }) => ran?.p50_seconds ?? null),
    },
    {
      name: 'Wait p95',
      colour: '--retried',
      kind: 'line',
      values: slices.map(({ waited }) => waited?.p95_seconds ?? null),
    },
  ]
  return (
    <section class="columns" aria-label="History">
      <div class="card">
        <h2>Attempts that ended</h2>
        <Chart label="Attempts that ended over time" times={times} series={ends} height={180} write={compact} />
      </div>
      <div class="card">
        <h2>How long they took</h2>
        <Chart label="Run time and wait over time" times={times} series={lengths} height={180} write={duration} />
      </div>
      {stats && <Table stats={stats} />}
    </section>
  )
}

function Table({ stats }: { stats: Stats }) {
  return (
    <div class="hidden">
      <table>
        <caption>Attempts that ended, by time; slices in which none did are left out</caption>
        <thead>
          <tr>
            <th>From</th>
            <th>Completed</th>
            <th>Failed</th>
            <th>Tried again</th>
            <th>Run time p50</th>
            <th>Run time p95</th>
          </tr>
        </thead>
        <tbody>
          {stats.slices
            .filter(({ completed, failed, retried }) => completed + failed + retried > 0)
            .map(({ at, completed, failed, retried, ran }) => (
              <tr key={at}>
                <td>{absolute(at)}</td>
                <td>{count(completed)}</td>
                <td>{count(failed)}</td>
                <td>{count(retried)}</td>
                <td>{ran ? duration(ran.p50_seconds) : ''}</td>
                <td>{ran ? duration(ran.p95_seconds) : ''}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  )
}
