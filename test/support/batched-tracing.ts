import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'

/** Loaded by `--import`: sends the names of spans, as a batch of many or when it is told to, to where `SPAN_SINK` says. */
const exporter: SpanExporter = {
  export(spans: ReadableSpan[], done: (result: { code: number; error?: Error }) => void) {
    const body = JSON.stringify(spans.map(({ name }) => name))
    fetch(process.env.SPAN_SINK ?? '', { method: 'POST', body }).then(
      () => done({ code: 0 }),
      (error) => done({ code: 1, error }),
    )
  },
  shutdown: async () => {},
}

// Never by itself while a test lasts.
const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 3_600_000, maxExportBatchSize: 512 })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }))
