import { scheduleRecordsConformance } from '../conformance/schedule-records.ts'
import { sqliteBench } from './sqlite-bench.ts'

scheduleRecordsConformance('the embedded engine', () => sqliteBench())
