import type { Config } from '../../config.ts'
import { type Finding, findingsOf } from './finding.ts'

const tokens = findingsOf('read tokens')
const webhooks = findingsOf('webhooks')

/** What a service can do only with a secret: whether it can. */
export function checkFeatures(config: Config): Finding[] {
  return [checkTokens(config), checkWebhooks(config)]
}

function checkTokens({ database, signingSecret, dataDir }: Config): Finding {
  if (signingSecret !== undefined) return tokens.ok('signed with SIGNING_SECRET')
  if (database === undefined) return tokens.ok(`signed with a secret that is kept in ${dataDir}`)
  return tokens.off(
    'None are given out: replicas share no secret to sign them with',
    'Set SIGNING_SECRET to the same secret on every replica, for instance the output of `openssl rand -hex 32`',
  )
}

function checkWebhooks({ webhooks: { secrets } }: Config): Finding {
  if (secrets.length > 0) return webhooks.ok('signed with WEBHOOK_SECRET')
  return webhooks.off(
    'None are sent, and a callback_url is refused: there is no secret to sign them with',
    'Set WEBHOOK_SECRET to the same secret on every replica, for instance the output of `openssl rand -base64 32`',
  )
}
