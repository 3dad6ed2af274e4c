import { jobEngineConformance } from '../conformance/job-engine.ts'
import { sqliteBench } from './sqlite-bench.ts'

jobEngineConformance('the embedded engine', () => sqliteBench())
