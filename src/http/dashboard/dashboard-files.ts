import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** One file of the page, as it is and compressed. */
export interface DashboardFile {
  mediaType: string
  etag: string
  body: Buffer
  brotli: Buffer
  gzip: Buffer
}

/** The page's files by name; `index.html` is the page itself. */
export type DashboardFiles = ReadonlyMap<string, DashboardFile>

/** Where the package has the page that was built with it. */
const BUILT = resolve(import.meta.dirname, '../../dashboard')

/** What builds the page where the service runs from its sources; no package has it. */
const BUILDER = new URL('../../../dashboard/build.ts', import.meta.url)

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

let loading: Promise<DashboardFiles> | undefined

/** Reads the page once in the life of the process; from sources it is built then, in half a second. */
export function dashboardFiles(): Promise<DashboardFiles> {
  loading ??= load().catch((failure: unknown) => {
    loading = undefined
    throw failure
  })
  return loading
}

function load(): Promise<DashboardFiles> {
  return import.meta.filename.endsWith('.ts') ? buildFiles() : readFiles()
}

async function readFiles(): Promise<DashboardFiles> {
  const names = (await readdir(BUILT)).filter((name) => !/\.(br|gz)$/.test(name))
  const read = async (name: string): Promise<[string, DashboardFile]> => {
    const [body, brotli, zipped] = await Promise.all(
      ['', '.br', '.gz'].map((ending) => readFile(join(BUILT, name + ending))),
    )
    return [name, fileOf(name, body as Buffer, brotli as Buffer, zipped as Buffer)]
  }
  return new Map(await Promise.all(names.map(read)))
}

async function buildFiles(): Promise<DashboardFiles> {
  const { bundleDashboard }: { bundleDashboard(): Promise<Map<string, Buffer>> } = await import(BUILDER.href)
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
  const pack = async ([name, body]: [string, Buffer]): Promise<[string, DashboardFile]> => {
    const [brotli, zipped] = await Promise.all([promisify(brotliCompress)(body, quick), promisify(gzip)(body)])
    return [name, fileOf(name, body, brotli, zipped)]
  }
  return new Map(await Promise.all([...(await bundleDashboard())].map(pack)))
}

function fileOf(name: string, body: Buffer, brotli: Buffer, zipped: Buffer): DashboardFile {
  const mediaType = MEDIA_TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
  return { mediaType, etag, body, brotli, gzip: zipped }
}
