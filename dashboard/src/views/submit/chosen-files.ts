import { useState } from 'preact/hooks'

/** The files of a job that is about to be submitted. */
export interface ChosenFiles {
  /** Each name once. */
  files: readonly File[]
  /** Those that were not taken, as another of the name is among `files`. */
  sameNames: readonly File[]
  add(more: readonly File[]): void
  /** Takes files in place of those of their names; `sameNames` are settled by that. */
  put(more: readonly File[]): void
  leaveOut(file: File): void
  /** Takes none of `sameNames`. */
  settle(): void
  clear(): void
}

/** Keeps what a person chose while the view is shown. */
export function useChosenFiles(): ChosenFiles {
  const [files, setFiles] = useState<readonly File[]>([])
  const [sameNames, setSameNames] = useState<readonly File[]>([])
  const settle = (): void => setSameNames([])
  return {
    files,
    sameNames,
    add: (more) => {
      const taken = new Map(files.map((file) => [file.name, file]))
      for (const file of more) if (!taken.has(file.name)) taken.set(file.name, file)
      setFiles([...taken.values()])
      setSameNames([...sameNames, ...more.filter((file) => taken.get(file.name) !== file)])
    },
    put: (more) => {
      setFiles([...new Map([...files, ...more].map((file) => [file.name, file])).values()])
      settle()
    },
    leaveOut: (file) => setFiles(files.filter((each) => each !== file)),
    settle,
    clear: () => {
      setFiles([])
      settle()
    },
  }
}
