import type { Socket } from 'node:net'

/** So much is worked on before others get their turn: 2,000 short lines, or some ms. */
const PIECE_BYTES = 4096

/** Hands on what a stream brings, in pieces small enough that working on one holds nobody up. A broken stream ends. */
export async function readPieces(stream: Socket, take: (piece: Buffer) => void): Promise<void> {
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        take(chunk.subarray(at, at + PIECE_BYTES))
        if (at + PIECE_BYTES < chunk.length) await new Promise(setImmediate)
      }
    }
  } catch {
    // The program is gone; what was read counts.
  }
}
