import { UploadError } from '../errors.ts'

/** What every source may say of itself. */
interface SourceFacts {
  /** Name the processor sees: a name, or a relative path with `/`; unique within the job. */
  readonly name: string
  /** Hexadecimal SHA-256 of all its bytes, if it is known: the service checks it, and the upload can be resumed by it. */
  readonly sha256?: string | undefined
  /** Media type the stored object gets; the store's own guess by name unless given. */
  readonly contentType?: string | undefined
}

/** Bytes in a blob; a browser reads one of a file on disk piece by piece. */
export interface UploadBlob extends SourceFacts {
  readonly data: Blob
}

/** Bytes that come one after the other; at most one part more than are under way is held in memory. */
export interface UploadStream extends SourceFacts {
  /** How many bytes it gives, exactly. */
  readonly size: number
  /** The stream, or what opens it: then it can be read twice, first for its digest. */
  readonly stream: ReadableStream<Uint8Array> | (() => ReadableStream<Uint8Array>)
}

/** Bytes that can be read from anywhere, any number of times. */
export interface UploadRange extends SourceFacts {
  readonly size: number
  /** Reads the bytes from `start` up to, and without, `end`. */
  readonly read: (start: number, end: number) => Promise<Uint8Array>
  /** When its bytes last changed, in ms since 1970, if that is known. */
  readonly modifiedAt?: number
}

/** A file to upload. Its bytes must not change meanwhile. */
export type UploadSource = File | UploadBlob | UploadStream | UploadRange

/** A piece of a file, as it is sent. */
export type Piece = Blob | Uint8Array

/** A source as the upload works with it: bytes by range, or a stream where there is no `read`. */
export interface Supply {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string | undefined
  readonly contentType: string | undefined
  readonly modifiedAt: number | undefined
  readonly read?: (start: number, end: number) => Promise<Piece>
  readonly open: () => ReadableStream<Uint8Array>
  /** Whether it can be read only once. */
  readonly onceOnly: boolean
}

/** Looks at what kind of source it is. Throws a `TypeError` for what is none. */
export function supplyOf(source: UploadSource): Supply {
  if (typeof source !== 'object' || source === null) throw noSource(source)
  // First of all: a blob has a `stream` too.
  if (source instanceof Blob) return ofBlob(source, { name: source.name, contentType: source.type || undefined })
  if ('data' in source && source.data instanceof Blob) return ofBlob(source.data, source)
  if ('read' in source) return ofRange(source)
  if ('stream' in source) return ofStream(source)
  throw noSource(source)
}

/** Those who write no TypeScript hear it here. */
function noSource(source: unknown): TypeError {
  const got =
    typeof source === 'object' ? `an object of ${Object.keys(source ?? {}).join(', ') || 'nothing'}` : typeof source
  return new TypeError(
    `Expected each file to be a File, or to have a name and data (a Blob), read or stream; got ${got}. A path needs the client of @longshore/client/node.`,
  )
}

function ofBlob(data: Blob, facts: SourceFacts): Supply {
  return {
    ...factsOf(facts),
    sizeBytes: data.size,
    modifiedAt: 'lastModified' in data ? (data as File).lastModified : undefined,
    read: async (start, end) => data.slice(start, end),
    open: () => data.stream() as ReadableStream<Uint8Array>,
    onceOnly: false,
  }
}

/** How much of a range is read at once for its digest. */
const STEP_BYTES = 1024 * 1024

function ofRange(source: UploadRange): Supply {
  const { name, size, modifiedAt } = source
  const read = (start: number, end: number) => readable(name, () => source.read(start, end))
  const open = (): ReadableStream<Uint8Array> => {
    let position = 0
    return new ReadableStream({
      async pull(controller) {
        if (position === size) return controller.close()
        const end = Math.min(size, position + STEP_BYTES)
        controller.enqueue(await read(position, end))
        position = end
      },
    })
  }
  return { ...factsOf(source), sizeBytes: size, modifiedAt, read, open, onceOnly: false }
}

function ofStream(source: UploadStream): Supply {
  const { size, stream } = source
  const isFactory = typeof stream === 'function'
  const open = isFactory ? stream : () => stream
  return { ...factsOf(source), sizeBytes: size, modifiedAt: undefined, open, onceOnly: !isFactory }
}

function factsOf({ name, sha256, contentType }: SourceFacts) {
  return { name, sha256: sha256?.toLowerCase(), contentType }
}

/** Says which file it was when reading fails. Throws `SOURCE_UNREADABLE`. */
export async function readable<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof UploadError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `${JSON.stringify(name)} cannot be read: ${why}`
    throw new UploadError({ code: 'SOURCE_UNREADABLE', message, filename: name, cause })
  }
}
