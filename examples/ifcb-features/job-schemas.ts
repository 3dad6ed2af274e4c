import { z } from 'longshore'

/** What a submitter may choose. */
export const parametersSchema = z
  .strictObject({
    bad_bins: z
      .enum(['fail', 'skip'])
      .default('fail')
      .describe('What a bin that cannot be read does: fail the job before any image is processed, or be left out'),
  })
  .default({ bad_bins: 'fail' })

/** What a job comes to. */
export const resultSchema = z.strictObject({
  bins: z.array(z.strictObject({ bin: z.string(), targets: z.int(), images: z.int() })),
  skipped_bins: z.array(z.strictObject({ bin: z.string(), error: z.string() })),
  images: z.int().describe('Images of all bins: lines of the results'),
  objects: z.int().describe('Images in which an object was found'),
  records: z.array(z.string()).describe('JSON Lines objects, one line per image'),
  pictures: z.array(z.string()).describe('WebDataset shards with the image and the mask of each line'),
  results_index: z.string().describe('Index of all of it'),
})

/** The result as `processInput` returns it. */
export type FeaturesResult = z.input<typeof resultSchema>
