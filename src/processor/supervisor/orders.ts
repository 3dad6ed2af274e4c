/** What a program is started with. */
export interface ProgramStart {
  /** The program, looked up in `PATH`, and its arguments. */
  argv: readonly [string, ...string[]]
  cwd: string
  /** Its whole environment, but for the mark that it is found by. */
  env: Readonly<Record<string, string>>
  /** A file that becomes its standard input; unless given, that is empty. */
  stdin?: string
  /** Standard error comes by a stream of its own; otherwise it is mixed into standard output, in the order of writing. */
  splitErrors?: boolean
}

/** What the service asks of the helper. */
export type Order =
  | { type: 'start'; id: number; program: ProgramStart }
  /** SIGTERM, and after the grace SIGKILL. */
  | { type: 'end'; id: number; graceMs: number }
  /** SIGKILL to all that carry the program's mark, also after its end. */
  | { type: 'sweep'; id: number }

/** How a program ended: by a code or by a signal. */
export interface ProgramEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** It ended by itself and left processes behind, which were killed. */
  leftBehind: boolean
}

/** What the helper tells. */
export type News =
  | { type: 'started'; id: number; pid: number }
  | { type: 'not started'; id: number; code: string; message: string }
  /** Nothing of the program runs any more. */
  | ({ type: 'gone'; id: number } & ProgramEnd)
  | { type: 'swept'; id: number; killed: number }

/** The streams of a program, by its file descriptors. */
export type ProgramStream = 'stdout' | 'stderr' | 'channel'

/** The first line on a new connection from the helper: which program's stream this is. */
export function streamHeader(id: number, stream: ProgramStream): string {
  return `${id}.${stream}\n`
}
