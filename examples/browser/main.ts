import { serve } from 'longshore'
import { Gzip } from './gzip-processor.ts'
import { pageServer } from './page-server.ts'

/** Serves the page on one port and the jobs on another: two origins, as in real life. The service lets the page's in. */
const page = await pageServer().listen({ host: '127.0.0.1', port: Number(process.env.PAGE_PORT ?? 5173) })
await serve(new Gzip(), { settings: { CORS_ORIGINS: page } })
console.log(`Open ${page}`)
