import { BaseProcessor, z } from '../../src/index.ts'

/** Does nothing: what is left is the cost of getting there and back. */
export default class Noop extends BaseProcessor {
  readonly name = 'noop'
  readonly version = '1.0.0'
  readonly resultSchema = z.unknown()

  async processInput(): Promise<unknown> {
    return {}
  }
}
