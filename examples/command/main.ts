import { fileURLToPath } from 'node:url'
import { CommandProcessor, serve, z } from 'longshore'

await serve(
  new CommandProcessor({
    name: 'count-words',
    version: '1.0.0',
    command: ['python3', fileURLToPath(new URL('./count_words.py', import.meta.url))],
    resultSchema: z.object({ words: z.number(), different: z.number() }),
  }),
)
