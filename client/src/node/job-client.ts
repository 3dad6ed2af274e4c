import { JobClient as UniversalClient } from '../job-client.ts'
import type { Typing } from '../processor-shape.ts'

/** The {@link UniversalClient} with what needs a file system. */
export class JobClient<T extends Typing = Typing> extends UniversalClient<T> {}
