import { activityConformance } from '../conformance/activity.ts'
import { sqliteBench } from './sqlite-bench.ts'

activityConformance('the embedded engine', () => sqliteBench({ presence: { name: 'tester', role: 'all' } }))
