import { setImmediate as nextTurn } from 'node:timers/promises'
import { BaseProcessor, type JobInput, UnrecoverableError, type z } from 'longshore'
import { analyzeImage } from './analyze-image.ts'
import { type IfcbBin, IfcbBinError } from './bin-reader.ts'
import { featureRecordSchema } from './feature-record.ts'
import { type BadBin, describeBadBins, inspectBins } from './inspect-bins.ts'
import { type FeaturesResult, parametersSchema, resultSchema } from './job-schemas.ts'

type Input = JobInput<z.output<typeof parametersSchema>>

/**
 * Finds the organism in every image of IFCB bins and measures it. A job takes any number of bins; its outputs are one
 * line of features per image, and shards with each image beside the mask of its object.
 */
export class IfcbFeatures extends BaseProcessor<typeof resultSchema, typeof parametersSchema> {
  readonly name = 'ifcb-features'
  readonly version = '1.0.0'
  readonly resultSchema = resultSchema
  override readonly parametersSchema = parametersSchema

  async processInput(input: Input): Promise<FeaturesResult> {
    const { good, bad } = await inspectBins(input)
    handleBadBins(input, bad, good.length + bad.length)
    const { objects, outputs } = await this.#writeFeatures(input, good).catch(rethrowForGood)
    const images = sum(good, ({ imageCount }) => imageCount)
    const metrics = { bins: good.length, skipped_bins: bad.length, images, objects, pixels: sum(good, pixelsOf) }
    const results_index = await input.outputs.writeResultsIndex([outputs.records, outputs.pictures], metrics)
    return {
      bins: good.map(({ id, targets, imageCount }) => ({ bin: id.stem, targets, images: imageCount })),
      skipped_bins: bad.map(({ stem, error }) => ({ bin: stem, error: error.message })),
      images,
      objects,
      records: outputs.records.uris,
      pictures: outputs.pictures?.shards.map(({ uri }) => uri) ?? [],
      results_index,
    }
  }

  async #writeFeatures({ outputs, signal }: Input, bins: readonly IfcbBin[]) {
    const records = outputs.jsonl({ schema: featureRecordSchema, responseModel: 'FeatureRecord' })
    const pictures = outputs.webDataset()
    let objects = 0
    for await (const { bin, analysis } of this.#analyzeAll(bins, signal)) {
      const { record, imagePng, maskPng } = analysis
      await records.write(record)
      // One name and two extensions, so that WebDataset readers find image and mask in one sample.
      await pictures.add(bin, record.record_id, imagePng, '.png')
      await pictures.add(bin, record.record_id, maskPng, '.mask.png')
      if (record.area > 0) objects += 1
    }
    return { objects, outputs: { records: await records.close(), pictures: await pictures.close() } }
  }

  async *#analyzeAll(bins: readonly IfcbBin[], signal: AbortSignal) {
    const images = sum(bins, ({ imageCount }) => imageCount)
    let image = 0
    for (const bin of bins) {
      for await (const found of bin.images(signal)) {
        yield { bin: bin.id.stem, analysis: analyzeImage(bin.id, found) }
        this.#reportImage(bin.id.stem, ++image, images)
        // An image takes milliseconds of computing; in between the service answers requests and hears of a cancel.
        await nextTurn()
        signal.throwIfAborted()
      }
    }
  }

  #reportImage(bin: string, image: number, images: number): void {
    this.reportProgress({ percent: (100 * image) / images, message: `image ${image} of ${images}`, bin, image, images })
  }
}

/** Marks the files at fault in the ledger, and fails the job unless bad bins are to be skipped. */
function handleBadBins(input: Input, bad: readonly BadBin[], total: number): void {
  for (const { files, error } of bad) {
    for (const file of files) input.markFile(file, 'failed', error.message)
    input.log.warn({ bin: error.bin, file: error.file, line: error.line }, error.message)
  }
  const allBad = bad.length === total
  if (bad.length > 0 && (allBad || input.parameters.bad_bins === 'fail')) {
    // The same files can only fail again: no second attempt.
    throw new UnrecoverableError(describeBadBins(bad, total))
  }
}

/** A bin that turns out damaged while it is read. */
function rethrowForGood(failure: unknown): never {
  if (failure instanceof IfcbBinError) throw new UnrecoverableError(failure.sentence, { cause: failure })
  throw failure
}

function pixelsOf({ pixelCount }: IfcbBin): number {
  return pixelCount
}

function sum<Item>(items: readonly Item[], amount: (item: Item) => number): number {
  return items.reduce((total, item) => total + amount(item), 0)
}
