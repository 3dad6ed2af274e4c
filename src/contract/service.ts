import { z } from 'zod'

/** `GET /` and `GET /health`. */
export const Health = z
  .object({ status: z.literal('healthy'), version: z.string(), name: z.string() })
  .meta({ id: 'Health' })

/** `GET /healthz`. */
export const Alive = z.object({ status: z.literal('alive') })

/** `GET /readyz`. */
export const Readiness = z
  .object({ status: z.enum(['ready', 'not_ready']), reasons: z.array(z.string()) })
  .meta({ id: 'Readiness' })
