import { LongshoreError } from '../base/errors.ts'
import { isWithoutQuery } from '../job/callback-url.ts'
import { isLocalName, isPublicAddress, literalAddress } from './public-address.ts'

/** Who may be told of the ends of jobs. */
export interface CallbackRules {
  /** Messages are signed with these; without any, none are sent. */
  secrets: readonly string[]
  /** Receivers may have addresses that are not public. */
  allowPrivate: boolean
}

/**
 * Refuses a receiver that could never be told: `WEBHOOKS_OFF`, `CALLBACK_URL_REFUSED`, and as `VALIDATION_FAILED` a URL as
 * it is shown. A name is not resolved here, as it may
 * lead elsewhere by the time it is used: the address is checked whenever a connection is made.
 */
export function checkCallbackUrl(given: string, { secrets, allowPrivate }: CallbackRules): void {
  if (secrets.length === 0) throw webhooksOff()
  if (isWithoutQuery(given)) throw queryMissing()
  const url = new URL(given)
  const literal = literalAddress(url)
  const isRefused = literal === undefined ? isLocalName(url) : !isPublicAddress(literal)
  if (!isRefused || allowPrivate) return
  throw new LongshoreError(
    'CALLBACK_URL_REFUSED',
    `callback_url leads to ${url.hostname}, which is no public address. Give one on the public internet; whoever runs the service may set WEBHOOK_ALLOW_PRIVATE=true.`,
    { errors: [{ pointer: '/callback_url', message: 'expected a public address' }] },
  )
}

function queryMissing(): LongshoreError {
  return new LongshoreError(
    'VALIDATION_FAILED',
    'callback_url is one as it is shown: "?…" stands for a query that is told to nobody. Give the whole URL.',
    { errors: [{ pointer: '/callback_url', message: 'expected the whole URL, with its query' }] },
  )
}

/** Why nobody is told: what is not signed could be from anybody, and a receiver could not tell. */
export function webhooksOff(): LongshoreError {
  return new LongshoreError(
    'WEBHOOKS_OFF',
    'This service sends no webhooks, because it has no secret to sign them with. Leave callback_url out, or set WEBHOOK_SECRET on the service.',
  )
}
