/** How the command ends, for scripts: part of its interface, and told by `longshore --help`. */
export const EXIT = {
  done: 0,
  /** A job failed or was cancelled, or the service refused what it was asked. */
  failed: 1,
  /** The command line was wrong. */
  usage: 2,
  /** The service could not be reached. */
  unreachable: 3,
  /** Ctrl-C, or SIGTERM. */
  interrupted: 130,
} as const

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
