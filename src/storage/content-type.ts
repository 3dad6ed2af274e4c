import { extname } from 'node:path'
import { lookup } from 'mime-types'

/** The media type that a key's extension stands for. */
export function contentTypeOf(key: string): string {
  return lookup(extname(key)) || 'application/octet-stream'
}
