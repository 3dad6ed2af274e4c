import { once } from 'node:events'
import { Supervisor } from '../../src/processor/supervisor/supervisor.ts'

/** A service in so far as it starts a program; tells the program's process id, and stops when it is asked to. */
const supervisor = new Supervisor()
await supervisor.start()
const { pid } = await supervisor.run({ argv: ['sleep', '1000'], cwd: '/', env: { PATH: process.env.PATH ?? '' } })
process.send?.(pid)
await once(process, 'message')
await supervisor.stop()
process.disconnect()
