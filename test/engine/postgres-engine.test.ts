import { after } from 'node:test'
import { activityConformance } from '../conformance/activity.ts'
import { deliveryRecordsConformance, describeTestEnd } from '../conformance/delivery-records.ts'
import { ingestRecordsConformance } from '../conformance/ingest-records.ts'
import { jobEngineConformance } from '../conformance/job-engine.ts'
import { scheduleRecordsConformance } from '../conformance/schedule-records.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { postgresBench } from './postgres-bench.ts'

const server = await startPostgres()

if (server) {
  after(() => server[Symbol.asyncDispose]())
  jobEngineConformance('the PostgreSQL engine', () => postgresBench(server))
  ingestRecordsConformance('the PostgreSQL engine', () => postgresBench(server))
  deliveryRecordsConformance('the PostgreSQL engine', () => postgresBench(server, { describeEnd: describeTestEnd }))
  scheduleRecordsConformance('the PostgreSQL engine', () => postgresBench(server))
  activityConformance('the PostgreSQL engine', () =>
    postgresBench(server, { presence: { name: 'tester', role: 'all' } }),
  )
}
