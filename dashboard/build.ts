import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, type Metafile, type Plugin } from 'esbuild'

/** The page's files by name: `index.html`, and what it loads with a hash of the content in the name. */
export type Bundle = Map<string, Buffer>

const here = (path: string): string => resolve(import.meta.dirname, path)

/** zod's messages in fifty languages are a third of the bundle; the page speaks English. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, importer }) =>
      importer.includes('/zod/') ? { path, namespace: 'nothing' } : undefined,
    )
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'export {}' }))
  },
}

/** Of the namespace `z` a bundler can leave out nothing; of a module's exports it leaves what nobody calls, half of zod. */
const zodByExports: Plugin = {
  name: 'zod-by-exports',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\](src|client)[/\\].*\.tsx?$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return undefined
      const source = await readFile(path, 'utf8')
      const contents = source.replace(/^import \{ z \} from 'zod'$/m, "import * as z from 'zod'")
      return { contents, loader: path.endsWith('x') ? 'tsx' : 'ts' }
    })
  },
}

/** Bundles the page. A fault of its sources rejects with what esbuild says. */
export async function bundleDashboard(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [here('src/main.tsx')],
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['longshore-source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: here('dist'),
    entryNames: 'app-[hash]',
    chunkNames: 'part-[hash]',
    logLevel: 'silent',
    plugins: [withoutLocales, zodByExports],
  })
  const bundle: Bundle = new Map(outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]))
  const icon = readFileSync(here('src/icon.svg'))
  const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`
  const find = (form: RegExp): string => [...bundle.keys()].find((name) => form.test(name)) ?? ''
  const script = find(/^app-.*\.js$/)
  const shared = sharedParts(metafile, script).map(
    (name) => `<link rel="modulepreload" href="{base}/dashboard/assets/${name}">`,
  )
  const page = readFileSync(here('src/index.html'), 'utf8')
    .replace('{script}', script)
    .replace('{shared}', shared.join('\n    '))
    .replace('{style}', find(/\.css$/))
    .replace('{icon}', iconName)
  return bundle.set(iconName, icon).set('index.html', Buffer.from(page))
}

/** What the script needs before it can begin; the views that were split off are asked for when they are shown. */
function sharedParts({ outputs }: Metafile, script: string): string[] {
  const [, output] = Object.entries(outputs).find(([path]) => basename(path) === script) ?? []
  const needed = output?.imports.filter(({ kind }) => kind === 'import-statement') ?? []
  return needed.map(({ path }) => basename(path))
}

/** Writes the bundle into a folder, each file also compressed as well as it goes. */
export async function writeDashboard(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const [name, body] of await bundleDashboard()) {
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }
    writeFileSync(join(folder, name), body)
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(body, quality))
    writeFileSync(join(folder, `${name}.gz`), gzipSync(body, { level: constants.Z_BEST_COMPRESSION }))
  }
}

const [, program, folder] = process.argv
if (program === import.meta.filename && folder !== undefined) await writeDashboard(folder)
