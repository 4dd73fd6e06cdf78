import type { ContestantName } from './contestant.ts'
import { postOf } from './wire.ts'
import type { Usage } from './worker.ts'
import { Worker } from './workers.ts'

/** A coordinator behind an HTTP front, in a process of its own. */
export interface Entrant {
  readonly port: number
  /** The request that runs a saga of this id; the answer is 200 when it is committed. */
  submit(id: string): string
  usage(): Promise<Usage>
  end(): Promise<void>
}

interface EntrantStart {
  readonly name: ContestantName
  readonly url: string
  readonly folder: string
  readonly participants: number
}

/** One of the coordinators that run in Node. */
export async function startEntrant(start: EntrantStart): Promise<Entrant> {
  const worker = await Worker.start('coordinator-worker.ts', start)
  return {
    port: worker.port,
    submit: (id) => postOf('/', JSON.stringify({ id, cents: 100 })),
    usage: () => worker.usage(),
    end: () => worker.end(),
  }
}
