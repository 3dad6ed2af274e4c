import { collectDefaultMetrics, Registry } from 'prom-client'

/** Gauges of prom-client whose names end like a counter's, which `promtool check metrics` refuses. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

let registry: Registry | undefined

/**
 * What prom-client knows of the process: processor time, memory, file descriptors, garbage collection, lag of the event
 * loop. One registry however many services run in the process: it is theirs together, and its observers have no end. They
 * begin with the first call, because the one of the event loop wakes the process a hundred times a second.
 */
export function processMetrics(): Registry {
  registry ??= observeProcess()
  return registry
}

function observeProcess(): Registry {
  const fresh = new Registry()
  collectDefaultMetrics({ register: fresh })
  for (const name of MISNAMED) fresh.removeSingleMetric(name)
  return fresh
}
