import { serve } from 'longshore'
import { Digests } from './digests.ts'

await serve(new Digests(), {
  execution: { kind: 'process', module: new URL('./digests.ts', import.meta.url), export: 'Digests' },
})
