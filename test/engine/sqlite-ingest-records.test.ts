import { ingestRecordsConformance } from '../conformance/ingest-records.ts'
import { sqliteBench } from './sqlite-bench.ts'

ingestRecordsConformance('the embedded engine', () => sqliteBench())
