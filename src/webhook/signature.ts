import { createHmac } from 'node:crypto'

/** A message as it is signed. */
export interface SignedMessage {
  /** The `webhook-id`. */
  id: string
  /** When it is sent, in ms since 1970. */
  at: number
  body: string
}

/**
 * The three headers of Standard Webhooks (https://www.standardwebhooks.com), signed with each of the secrets: while they are
 * changed over, a receiver may know either. Secrets are base64.
 */
export function signatureHeaders(secrets: readonly string[], { id, at, body }: SignedMessage): Record<string, string> {
  const seconds = Math.floor(at / 1000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret, 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signatures.join(' ') }
}
