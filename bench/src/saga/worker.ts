/** What a process of the bench says of itself. */
export interface Usage {
  /** Processor time so far, all threads, µs. */
  readonly cpuUs: number
  /** Commits that it has asked of its database so far. */
  readonly commits: number
}

interface WorkerParts {
  readonly port: number
  readonly usage: () => Partial<Usage>
}

/** Tells the bench the port, answers its questions, and ends with it. */
export function ready({ port, usage }: WorkerParts): void {
  process.on('disconnect', () => process.exit())
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpuUs: user + system, commits: 0, ...usage() })
  })
  process.send?.({ port })
}
