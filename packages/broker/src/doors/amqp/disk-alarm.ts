import type { Method } from '@hufu/wire/amqp091'
import type { Pressure } from './pressure.ts'

/** What it needs of its connection. */
interface Blocked {
  readonly pressure: Pressure
  /** Those that the client has named. */
  readonly capabilities: ReadonlySet<string>
  send(method: Method): void
}

/** Keeps who publishes from being read while the disk is full, and tells him. */
export class DiskAlarm {
  /** Only who has published is blocked. */
  hasPublished = false
  #blocked = false

  /** `reason`: why nothing can be stored; undefined: it can. */
  look(reason: string | undefined, { pressure, capabilities, send }: Blocked): void {
    if (this.#blocked === (reason !== undefined)) return
    if (reason !== undefined && !this.hasPublished) return
    this.#blocked = reason !== undefined
    if (capabilities.has('connection.blocked')) {
      if (reason === undefined) send({ name: 'connection.unblocked' })
      else send({ name: 'connection.blocked', reason })
    }
    if (this.#blocked) pressure.hold()
    else pressure.release()
  }
}
