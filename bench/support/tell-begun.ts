const tells = process.argv.includes('tell')

/** Tells the parent, if it asked for it, that a job begins to run: by the clock that all processes of a machine share, in ns. */
export function tellBegun(): void {
  if (tells) process.send?.({ begunAt: String(process.hrtime.bigint()) })
}
