import type { Limits } from '@hufu/broker'
import type { DiskCallKind, Keep } from '@hufu/os/simulated'

/** How a life ends. */
export type End =
  | { kind: 'crash'; keep: Keep }
  | { kind: 'kill' }
  /** Orderly. */
  | { kind: 'close' }

/**
 * When a death that was planned strikes: at the n-th disk call (of a kind), or delivery, from now
 * on.
 */
export type DeathAt = { calls: number; of?: DiskCallKind } | { deliveries: number }

export type DiskCode = 'EIO' | 'ENOSPC'

/** A message to be published. */
export interface MessageStep {
  readonly queues: readonly string[]
  readonly bytes: number
  readonly key?: string
  readonly delayMs?: number
  /** Time to live. */
  readonly expiresMs?: number
  readonly priority?: number
}

/** What a world does next. Plain data, so that a plan can be printed and cut down. */
export type Step =
  | ({ kind: 'publish' } & MessageStep)
  /** Several by a publisher that confirms by number, each to queues of its own; or all to these. */
  | { kind: 'publishRouted'; messages: readonly MessageStep[] }
  | {
      kind: 'publishBatch'
      queues: readonly string[]
      messages: readonly Pick<MessageStep, 'bytes' | 'key'>[]
    }
  /** Records put together; without `bytes` the record is deleted. */
  | { kind: 'put'; changes: readonly { key: number; bytes?: number }[] }
  /** The queue `changing` gets other options; without `expiresMs` no time to live. */
  | { kind: 'change'; expiresMs?: number }
  /** A copy of the folder, looked into in the next life. */
  | { kind: 'backup' }
  /** Messages and settles that take effect together, or not at all. */
  | {
      kind: 'batch'
      messages: readonly MessageStep[]
      settles: number
      end: 'commit' | 'rollback' | 'forget'
      holdMs: number
    }
  /** Half messages; the second word comes after a while, or never. */
  | {
      kind: 'half'
      messages: readonly MessageStep[]
      truth: 'commit' | 'rollback'
      /** Undefined: the producer forgets to say it. */
      wordMs?: number
      check: { firstMs: number; everyMs: number; max: number }
    }
  /** A producer that can be asked comes, or goes. */
  | { kind: 'producer'; here: boolean }
  | { kind: 'subscribe'; queue: string; credit: number }
  /** A consumer to which nothing is pushed asks for so many messages, one by one. */
  | { kind: 'pull'; queue: string; count: number }
  /** Removes what is ready in the queue. */
  | { kind: 'purge'; queue: string }
  /** Closes all consumers of the queue. */
  | { kind: 'unsubscribe'; queue: string }
  /** A person's word on some message of the queue. */
  | { kind: 'resolve'; queue: string; pick: number; action: 'deliver' | 'remove' }
  /** A business transaction of the shop with an event in it. */
  | {
      kind: 'order'
      id: string
      key?: string
      delayMs: number
      /** It stays open for so long, before or after its statements. */
      holdMs: number
      holdFirst: boolean
      fails: boolean
      /** Which of the shop's processes does it. */
      shop: number
      /** As a half message, with these terms of the asking; else through the outbox. */
      half?: { first: number; every: number; max: number }
    }
  /** A service stops in good order and starts again. */
  | { kind: 'restart'; service: 'shop' | 'ledger'; drainMs: number }
  | { kind: 'pass'; ms: number }
  | { kind: 'end'; end: End }
  | { kind: 'death'; at: DeathAt; end: End }
  | {
      kind: 'diskError'
      call: 'write' | 'sync' | 'open' | 'rename' | 'read'
      nth: number
      code: DiskCode
    }
  | { kind: 'capacity'; spareBytes: number }
  | { kind: 'dropCache' }
  | { kind: 'jump'; ms: number }

/** A step and its number in the plan, which stays its name when the plan is cut down. */
export interface Numbered {
  readonly number: number
  readonly step: Step
}

/** How the services of a world behave; the rest are chances. */
export interface ServiceSetting {
  /** Processes of the shop on one database, each with a relay. */
  readonly shops: number
  readonly parkKey: boolean
  readonly concurrency: number
  readonly receiptTimeoutMs: number
  readonly slow: number
  /** Longest time of a slow handler, ms. */
  readonly slowMs: number
  readonly throws: number
  readonly later: number
  /** Of an order and group: the handler throws each time, or always fails. */
  readonly stubborn: number
  readonly fails: number
}

/** What is fixed for the whole life of a world. */
export interface Setting {
  readonly limits: Partial<Limits>
  readonly latencyMs: readonly [min: number, max: number]
  /** Share of deliveries that the consumer settles as done, …; the rest it keeps. */
  readonly outcomes: {
    readonly done: number
    readonly retry: number
    readonly later: number
    readonly requeue: number
    readonly reject: number
  }
  /** Longest time a consumer takes to settle, ms. */
  readonly slowMs: number
  /** Chance that the transport refuses what the library sends, or loses its answer. */
  readonly refusals: number
  /** Undefined: this world has no services. */
  readonly services: ServiceSetting | undefined
}

export interface Plan {
  readonly seed: number
  readonly setting: Setting
  readonly steps: readonly Numbered[]
}

export function stepText({ number, step }: Numbered): string {
  const { kind, ...rest } = step
  return `${number} ${kind} ${JSON.stringify(rest)}`
}
