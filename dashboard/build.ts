import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'

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

/** Bundles the page. A fault of its sources rejects with what esbuild says. */
export async function bundleDashboard(): Promise<Bundle> {
  const { outputFiles } = await build({
    entryPoints: [here('src/main.tsx')],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['longshore-source'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    outdir: here('dist'),
    entryNames: 'app-[hash]',
    logLevel: 'silent',
    plugins: [withoutLocales],
  })
  const bundle: Bundle = new Map(outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]))
  const icon = readFileSync(here('src/icon.svg'))
  const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8)}.svg`
  const find = (ending: string): string => [...bundle.keys()].find((name) => name.endsWith(ending)) ?? ''
  const page = readFileSync(here('src/index.html'), 'utf8')
    .replace('{script}', find('.js'))
    .replace('{style}', find('.css'))
    .replace('{icon}', iconName)
  return bundle.set(iconName, icon).set('index.html', Buffer.from(page))
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
