import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport } from 'hufu'
import type { EmbeddedTransport } from 'hufu/transports/embedded'
import type { Doom } from './death.ts'
import { EVENT } from './files.ts'
import type { NoteFile } from './note-file.ts'
import type { Kind } from './plan.ts'

type Prepared = NonNullable<Transport['prepared']>

/** So many local transactions begin so late, ms, that the broker often asks before them. */
const LATE_CHANCE = 1 / 16
const LATE_MS_MAX = 400

/** The process has forgotten the message after its half was stored. */
export class Forgotten extends Error {}

export interface Watch {
  readonly doom: Doom
  readonly notes: NoteFile
  readonly kindOf: (id: string) => Kind
  /** Told of each half message before its local transaction begins. */
  readonly onHalf: (id: string, version: number) => void
  /** Whether the local transaction is committed, as another connection sees it. */
  readonly isCommitted: (id: string) => boolean
}

/** The same transport with points to die at, all that matters noted, and silent messages silent. */
export function watchedTransport(transport: EmbeddedTransport, watch: Watch): Transport {
  const { name, flags } = transport
  return {
    name,
    flags,
    open: () => transport.open(),
    declare: (event, groups) => transport.declare(event, groups),
    publish: (batch) => transport.publish(batch),
    subscribe: (request) => transport.subscribe(watchedRequest(request, watch)),
    close: () => transport.close(),
    prepared: watchedPrepared(transport.prepared, watch),
  }
}

type Request = Parameters<Transport['subscribe']>[0]

function watchedRequest(request: Request, { doom, notes, isCommitted }: Watch): Request {
  if (request.event !== EVENT) return request
  return {
    ...request,
    onDeliveries(batch) {
      for (const { id } of batch) {
        notes.add({ what: 'delivered', id, local: isCommitted(id) })
        doom.reach('delivered')
      }
      request.onDeliveries(batch)
    },
  }
}

function watchedPrepared(prepared: Prepared, { doom, notes, kindOf, onHalf }: Watch): Prepared {
  const idOf = new Map<number, string>()
  return {
    async prepare(message, terms) {
      const outcome = await prepared.prepare(message, terms)
      if (!outcome.ok) return outcome
      const { version } = outcome.handle
      idOf.set(version, message.id)
      onHalf(message.id, version)
      doom.reach('half stored')
      if (kindOf(message.id) === 'silentNothing') throw new Forgotten()
      if (Math.random() < LATE_CHANCE) await sleep(Math.random() * LATE_MS_MAX)
      return outcome
    },
    async decide(handle, outcome) {
      if (outcome === 'commit') doom.reach('local transaction committed')
      const kind = kindOf(idOf.get(handle.version)!)
      if (kind === 'silentCommit') return { outcome }
      const decision = await prepared.decide(handle, outcome)
      doom.reach('second word stored')
      return decision
    },
    answerChecks: (group, answer) =>
      prepared.answerChecks(group, async (handle) => {
        const word = await answer(handle)
        const { transactionId, version } = handle
        notes.add({ what: 'asked', transactionId, version, word })
        doom.reach('asked')
        return word
      }),
  }
}
