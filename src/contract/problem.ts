import { z } from 'zod'

/** The body of every error: `application/problem+json`, RFC 9457. */
export const Problem = z
  .object({
    type: z.string().describe('URI that ends in the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was wrong, what was expected, what to do'),
    code: z.string().describe('What was wrong, e.g. `JOB_NOT_FOUND`'),
    errors: z
      .array(z.object({ pointer: z.string().describe('JSON pointer (RFC 6901) to the fault'), message: z.string() }))
      .optional()
      .describe('Every fault, on validation'),
    retryable: z.boolean().describe('Whether the same request may succeed later'),
    request_id: z.string(),
  })
  .meta({ id: 'Problem' })

export type Problem = z.infer<typeof Problem>
