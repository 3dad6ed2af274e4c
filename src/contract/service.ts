import { z } from 'zod'
import { SCOPES } from './routes.ts'

/** `GET /` and `GET /health`. */
export const Health = z
  .object({ status: z.literal('healthy'), version: z.string(), name: z.string() })
  .meta({ id: 'Health' })

/** `GET /whoami`. */
export const Caller = z
  .object({
    name: z.string().describe('What logs call the key'),
    tenant: z.string().nullable().describe('Whose jobs the key reaches; null reaches those of all'),
    scopes: z.array(z.enum(SCOPES)),
    expires_at: z.iso.datetime().nullable().describe('When the key ends; null means never'),
  })
  .meta({ id: 'Caller' })

/** `GET /healthz`. */
export const Alive = z.object({ status: z.literal('alive') })

/** `GET /readyz`. */
export const Readiness = z
  .object({ status: z.enum(['ready', 'not_ready']), reasons: z.array(z.string()) })
  .meta({ id: 'Readiness' })
