import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { JobClient } from '@longshore/client'
import { loadModule } from '../../src/cli/serve/load-module.ts'
import { z } from '../../src/index.ts'
import { cliProcess, projectFolder, startCli } from './cli-process.ts'

/** A class that tells the number of its files, to be exported in one way or another. */
const COUNT = `
import { BaseProcessor, type JobInput, z } from 'longshore'
const Result = z.object({ files: z.number() })
class Count extends BaseProcessor<typeof Result> {
  readonly name: string = 'count'
  readonly version = '1.2.3'
  readonly resultSchema = Result
  async processInput(input: JobInput) {
    this.reportProgress({ message: 'counting' })
    return { files: input.localPaths.length }
  }
}
`

type Child = ReturnType<typeof startCli>

/** Waits for the address that a service logs. */
async function addressOf(child: Child): Promise<string> {
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /listens on (http:\/\/[^\s"]+)/.exec(line)?.[1]
    if (url !== undefined) return url
  }
  throw new Error('the service ended before it listened')
}

/** Starts a service, lets `check` look at it, and stops it; answers how it ended. */
async function whileServing(
  cwd: string,
  args: readonly string[],
  check: (client: JobClient, pid: number | undefined) => Promise<void>,
) {
  const child = startCli(['serve', ...args], cwd, { DATA_DIR: join(cwd, 'data'), PORT: '0' })
  const ended = once(child, 'close')
  try {
    await check(new JobClient({ url: await addressOf(child) }), child.pid)
  } finally {
    child.kill('SIGTERM')
  }
  return (await ended)[0]
}

const KINDS: Readonly<Record<string, string>> = {
  'a class as the default export': `${COUNT} export default Count`,
  'an object as the default export': `${COUNT} export default new Count()`,
  'a class as the only fitting one of the named exports': `${COUNT} export { Count, Result }; export const limit = 3`,
  'one class under two names': `${COUNT} export { Count, Count as default }`,
  'the default export before named ones': `${COUNT} export class Other extends Count { override readonly name = 'other' }; export default Count`,
}

for (const [title, source] of Object.entries(KINDS)) {
  test(`serves ${title}`, async () => {
    await using folder = await projectFolder({ 'processor.ts': source })
    const code = await whileServing(folder.path, ['processor.ts'], async (client) => {
      assert.deepEqual(await client.health(), { status: 'healthy', name: 'count', version: '1.2.3' })
    })
    assert.equal(code, 0)
  })
}

test('serves plain JavaScript, runs jobs, and takes host, port and folder from its options', async () => {
  const source = `import { BaseProcessor, z } from 'longshore'
export class Echo extends BaseProcessor {
  name = 'echo'; version = '1'; resultSchema = z.any()
  async processInput({ localPaths }) { this.reportProgress({ message: 'x' }); return localPaths.length }
}`
  await using folder = await projectFolder({ 'echo.mjs': source })
  const options = ['--port', '0', '--host', 'localhost', '--data-dir', 'elsewhere']
  await whileServing(folder.path, ['./echo.mjs', ...options], async (client) => {
    const jobId = await client.uploadFiles([{ name: 'a', data: new Blob(['a']) }])
    assert.equal((await client.waitForJob(jobId)).result, 1)
  })
  await rm(join(folder.path, 'elsewhere/longshore.db'))
})

test('.env of the current folder sets what neither the environment nor an option does', async () => {
  await using folder = await projectFolder({ 'processor.ts': KINDS['a class as the default export'] ?? '' })
  await writeFile(join(folder.path, '.env'), 'API_KEYS=a-key-of-sixteen-signs\n')
  await whileServing(folder.path, ['processor.ts'], async (client) => {
    await assert.rejects(client.listJobs(), { code: 'UNAUTHENTICATED' })
  })
})

test('--export chooses one of several', async () => {
  const source = `${COUNT} export { Count }; export class Other extends Count { override readonly name = 'other' }`
  await using folder = await projectFolder({ 'processor.ts': source })
  await whileServing(folder.path, ['processor.ts', '--export', 'Other'], async (client) => {
    assert.equal((await client.health()).name, 'other')
  })
  assert.deepEqual(await cliProcess(['serve', 'processor.ts'], folder.path), {
    code: 2,
    stdout: '',
    stderr: 'error: processor.ts exports several processors. Choose one: --export Count, --export Other\n',
  })
})

const PID = `
import { BaseProcessor, z } from 'longshore'
export class Pid extends BaseProcessor {
  name = 'pid'; version = '1'; resultSchema = z.any()
  async processInput() { return { pid: process.pid, thread: (await import('node:worker_threads')).threadId } }
}`

const Place = z.object({ pid: z.number(), thread: z.number() })

/** Whether the job ran in the service's own process, and in its main thread. */
const EXECUTIONS = { inline: [true, true], thread: [true, false], process: [false, true] } as const

for (const [kind, [sameProcess, mainThread]] of Object.entries(EXECUTIONS)) {
  test(`--execution ${kind} runs the processor there`, async () => {
    await using folder = await projectFolder({ 'pid.mjs': PID })
    await whileServing(folder.path, ['pid.mjs', '--execution', kind], async (client, pid) => {
      const jobId = await client.uploadFiles([{ name: 'a', data: new Blob(['a']) }])
      const ran = Place.parse((await client.waitForJob(jobId)).result)
      assert.deepEqual([ran.pid === pid, ran.thread === 0], [sameProcess, mainThread])
    })
  })
}

const PROGRAM = `
import { CommandProcessor } from 'longshore'
export const count = new CommandProcessor({ name: 'count', version: '1', command: ['wc', '-c'], stdin: 'input', stdout: 'json' })`

test('a program is served like a class, and takes no execution', async () => {
  await using folder = await projectFolder({ 'program.ts': PROGRAM })
  await whileServing(folder.path, ['program.ts'], async (client) => {
    const jobId = await client.uploadFiles([{ name: 'a', data: new Blob(['four']) }])
    assert.equal((await client.waitForJob(jobId)).result, 4)
  })
  const { code, stderr } = await cliProcess(['serve', 'program.ts', '--execution', 'process'], folder.path)
  assert.deepEqual([code, stderr], [1, 'A CommandProcessor takes no execution: it is a program.\n'])
})

test('--watch starts the service again when the module changes', async () => {
  await using folder = await projectFolder({ 'processor.ts': `${COUNT} export default Count` })
  const child = startCli(['serve', 'processor.ts', '--watch'], folder.path, { PORT: '0' })
  const names: string[] = []
  const [started, again] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  createInterface({ input: child.stdout }).on('line', (line) => {
    const name = /"msg":"(\w+) 1\.2\.3 listens on/.exec(line)?.[1]
    if (name === undefined) return
    names.push(name)
    if (name === 'count') started.resolve()
    else again.resolve()
  })
  await started.promise
  // Node watches a file from when the service's process has told of it; what changes before that goes unseen.
  const changing = setInterval(
    () => writeFile(join(folder.path, 'processor.ts'), `${COUNT.replace("'count'", "'recount'")} export default Count`),
    1_000,
  )
  await again.promise
  clearInterval(changing)
  const ended = once(child, 'close')
  child.kill('SIGTERM')
  await ended
  assert.deepEqual(new Set(names), new Set(['count', 'recount']))
})

/** What is wrong with a module, and what is said about it, `%` standing for its folder. */
const FAULTS: Readonly<Record<string, { file?: string; source: string; code?: number; said: string }>> = {
  'a syntax error of TypeScript is shown where it is': {
    source: 'const a: number = 1\nconst b = = 2\n',
    said: 'module.ts cannot be loaded: Expression expected\n\n%/module.ts:2\nconst a: number = 1\nconst b = = 2\n          ^',
  },
  'a syntax error of JavaScript is shown where it is': {
    file: 'module.js',
    source: 'const a = 1\nconst b = = 2\n',
    said: "module.js cannot be loaded: Unexpected token '='\n\n%/module.js:2\nconst b = = 2\n          ^",
  },
  'TypeScript that types alone do not make up is explained': {
    source: 'export enum A { x }\n',
    said:
      'module.ts cannot be loaded: TypeScript enum is not supported in strip-only mode\n\n' +
      '%/module.ts:1\nexport enum A { x }\n       ^^^^^^^^^^^^\n\n' +
      'Node runs TypeScript by leaving out the types, so enums, namespaces, parameter properties and decorators do not run. ' +
      'Write them in plain TypeScript (`erasableSyntaxOnly` in tsconfig.json finds them), or compile the module and serve the .js file.',
  },
  'an import that is not there is named': {
    source: "import './gone.ts'\n",
    said: "module.ts cannot be loaded: Cannot find module '%/gone.ts' imported from %/module.ts",
  },
  'a name that an import does not export is shown': {
    source: "import { nope } from 'longshore'\n",
    said:
      "module.ts cannot be loaded: The requested module 'longshore' does not provide an export named 'nope'\n\n" +
      "%/module.ts:1\nimport { nope } from 'longshore'\n         ^^^^",
  },
  'what the module itself throws is told with its place': {
    source: 'const a = 1\nthrow new Error("boom " + a)\n',
    code: 1,
    said: 'module.ts threw while it was loaded: boom 1\n  at %/module.ts:2:7 (PROCESSOR_FAILED)',
  },
  'a module that serves itself is told so': {
    source: `import { serve } from 'longshore'\n${COUNT.replace('BaseProcessor', 'BaseProcessor')} await serve(new Count())`,
    code: 1,
    said:
      'The module calls serve() itself. Start it with `node`, or let it export its processor and not call serve(). ' +
      '(CONFIG_INVALID)',
  },
  'a module that serves itself without waiting is told so': {
    source: `import { serve } from 'longshore'\n${COUNT} serve(new Count()); export default Count; setInterval(() => {}, 1000)`,
    code: 1,
    said:
      'The module calls serve() itself. Start it with `node`, or let it export its processor and not call serve(). ' +
      '(CONFIG_INVALID)',
  },
  'a module without a processor is told what it exports': {
    source: 'export const F = 3, G = null, H = class {}, I = () => 1, J = {}\nsetInterval(() => {}, 1000)\n',
    said:
      'module.ts exports no processor. Expected a class that extends BaseProcessor, an object of such a class or a ' +
      'CommandProcessor, as the default export or as the only one of its kind. It exports F (a number), G (null), H (a class without processInput), ' +
      'I (a function), J (an object without processInput)',
  },
  'an empty module is told that it is': {
    source: '',
    said:
      'module.ts exports no processor. Expected a class that extends BaseProcessor, an object of such a class or a ' +
      'CommandProcessor, as the default export or as the only one of its kind. It exports nothing',
  },
  'a constructor that needs arguments is not guessed at': {
    source: `${COUNT} export default class extends Count { constructor(n: string) { super(); console.log(n) } }`,
    said:
      'the constructor of default in module.ts needs arguments. Give them defaults, or export an object: ' +
      'export default new default(…)',
  },
  'a constructor that throws is told with what it threw': {
    source: `${COUNT} export class Bad extends Count { constructor() { super(); throw new Error('no model file') } }`,
    code: 1,
    said: 'The constructor of Bad in module.ts threw: no model file (PROCESSOR_FAILED)',
  },
  'what a processor lacks is told': {
    source: 'export const half = { processInput() {}, version: "1" }',
    said: 'half of module.ts is no whole processor. Expected name to be a text, resultSchema to be a zod schema',
  },
}

for (const [title, { file = 'module.ts', source, code = 2, said }] of Object.entries(FAULTS)) {
  test(title, async () => {
    await using folder = await projectFolder({ [file]: source })
    assert.deepEqual(await cliProcess(['serve', file], folder.path), {
      code,
      stdout: '',
      stderr: `error: ${said.replaceAll('%', folder.path)}\n`,
    })
  })
}

test('a path that is no module is told why', async () => {
  await using folder = await projectFolder({ 'notes.txt': '' })
  await mkdir(join(folder.path, 'folder.ts'))
  for (const [module, said] of [
    ['gone.ts', 'there is no file gone.ts'],
    ['folder.ts', 'expected folder.ts to be a module, it is no file'],
    ['notes.txt', 'expected notes.txt to be a module: a file that ends in .ts, .mts, .js or .mjs'],
  ] as const) {
    const { code, stderr } = await cliProcess(['serve', module], folder.path)
    assert.deepEqual([code, stderr], [2, `error: ${said}\n`])
  }
})

test('a module that finds no longshore is told how to install it', async () => {
  await using folder = await projectFolder({})
  await rm(join(folder.path, 'node_modules'), { recursive: true })
  await mkdir(join(folder.path, 'sub'))
  await writeFile(join(folder.path, 'sub/module.ts'), COUNT)
  assert.deepEqual(await cliProcess(['serve', 'sub/module.ts'], folder.path), {
    code: 2,
    stdout: '',
    stderr:
      'error: sub/module.ts imports longshore, which is not installed where it lies. Run: cd sub && npm install longshore\n',
  })
})

test('a Node that does not run TypeScript is told so', async (context) => {
  await using folder = await projectFolder({ 'module.ts': COUNT })
  const real = Object.getOwnPropertyDescriptor(process.features, 'typescript') ?? {}
  context.after(() => Object.defineProperty(process.features, 'typescript', real))
  Object.defineProperty(process.features, 'typescript', { value: false, configurable: true })
  const module = join(folder.path, 'module.ts')
  await assert.rejects(loadModule(module), {
    name: 'UsageError',
    message:
      `this Node (${process.versions.node}) does not run TypeScript, so ${module} cannot be loaded. ` +
      'Use Node 22.18 or later without --no-strip-types, or compile the module and serve the .js file',
  })
})

test('an option is held to the rule of its setting, before the module is loaded', async () => {
  await using folder = await projectFolder({})
  const { code, stderr } = await cliProcess(['serve', 'gone.ts', '--port', '70000'], folder.path)
  assert.equal(code, 2)
  assert.match(stderr, /'--port <port>' argument '70000' is invalid\. Expected an integer from 0 to 65535\./)
})

test('a service that cannot start ends as serve() does', async () => {
  await using folder = await projectFolder({ 'module.ts': `${COUNT} export default Count` })
  const { code, stderr } = await cliProcess(['serve', 'module.ts', '--host', '0.0.0.0'], folder.path)
  assert.equal(code, 1)
  assert.match(stderr, /^The configuration is not valid:\n {2}Expected API_KEYS to be set/)
})
