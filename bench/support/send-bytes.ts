import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'

export const MIB = 1024 * 1024

/** What is sent, over and over. */
const CHUNK = Buffer.alloc(MIB, 'longshore crews load and unload ships; ')

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

const BEFORE = Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="big.dat"\r\n\r\n')
const AFTER = Buffer.from('\r\n--b--\r\n')

/** Sends one file of so many MiB in a form; answers MiB a second, until the answer is there. */
export async function sendForm(url: string, mebibytes: number): Promise<number> {
  const length = mebibytes * MIB + BEFORE.length + AFTER.length
  const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': length }
  const begun = performance.now()
  const answer = await send('POST', `${url}/ingest/upload`, headers, [BEFORE, ...times(mebibytes), AFTER])
  if (answer.statusCode !== 202) throw new Error(`answered ${answer.statusCode}`)
  return (mebibytes * 1000) / (performance.now() - begun)
}

/** Puts so many MiB to a URL; answers the ETag. */
export async function put(url: string, mebibytes: number): Promise<string> {
  const answer = await send('PUT', url, { 'content-length': mebibytes * MIB }, times(mebibytes))
  if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`)
  return answer.headers.etag ?? ''
}

async function send(
  method: string,
  url: string,
  headers: Record<string, string | number>,
  chunks: readonly Buffer[],
): Promise<IncomingMessage> {
  const sent = request(url, { method, headers, agent })
  const answered = once(sent, 'response')
  for (const chunk of chunks) if (!sent.write(chunk)) await once(sent, 'drain')
  sent.end()
  const [answer] = (await answered) as [IncomingMessage]
  answer.resume()
  await once(answer, 'end')
  return answer
}

function times(count: number): Buffer[] {
  return Array.from({ length: count }, () => CHUNK)
}

/** Resident memory of a process, in MiB. */
export function residentMib(pid: number | undefined): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
  return (Number(pages) * 4096) / MIB
}
