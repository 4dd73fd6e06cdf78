import { HufuError, messageOf } from './errors.ts'
import { Alone } from './inbox/alone.ts'
import { Aside, type AsideOptions } from './inbox/aside.ts'
import { HANDLER_MS } from './inbox/context.ts'
import { CountingWork } from './inbox/counting.ts'
import { Loop } from './inbox/loop.ts'
import type { Work } from './inbox/message.ts'
import type { ConsumeOptions, Consumer, ConsumerStats } from './inbox/options.ts'
import type { Policy } from './inbox/policy.ts'
import { policyOf } from './inbox/policy.ts'
import type { Replies } from './outbox/replies.ts'
import { RECEIPTS } from './outbox/wire.ts'
import { ReceiptWork } from './receipts/receipt-work.ts'
import type { Definition } from './service/definition.ts'
import type { Runtime } from './service/runtime.ts'

const CONCURRENCY = 16

/** Receipts are short work: many at a time share a commit. */
const RECEIPT_CONCURRENCY = 256

/** Parked work whose process has died is run by another one so long after its deadline, ms. */
const LEASE_MS = 5_000

interface Member<Tx> {
  readonly loop: Loop<Tx>
  readonly aside: Aside<Tx>
}

/** The consumers of this process, that of the service's own receipts among them. */
export class Consumers<Tx> {
  readonly #runtime: Runtime<Tx>
  readonly #replies: Replies<Tx>
  readonly #members: Member<Tx>[] = []
  readonly #alone = new Alone()
  #started = false

  constructor(runtime: Runtime<Tx>, replies: Replies<Tx>) {
    this.#runtime = runtime
    this.#replies = replies
    const policy = policyOf({}, 'Taking receipts', runtime.transport.flags)
    const work = new ReceiptWork(runtime, policy)
    const { service } = runtime
    const options = { event: RECEIPTS, group: service, order: undefined, rate: undefined }
    const leaseMs = LEASE_MS + HANDLER_MS
    const filter = { kind: 'receipt', leaseMs, alone: this.#alone } as const
    this.#add({ ...options, concurrency: RECEIPT_CONCURRENCY }, work, filter)
  }

  /** Adds a consumer; when the others run it starts once `ready` is fulfilled. */
  add(
    definition: Definition<Tx>,
    group: string,
    options: ConsumeOptions,
    makeWork: (policy: Policy) => Work,
    ready: () => Promise<void>,
  ): Consumer {
    const what = `Consuming ${definition.name}/${group}`
    checkGroup(definition, group, what)
    const taken = this.#members.some(
      ({ loop }) => loop.options.event === definition.name && loop.options.group === group,
    )
    if (taken) throw new HufuError('CONSUMER_DUPLICATE', `${what}: it has a consumer here already`)
    const { order, rate, concurrency = CONCURRENCY } = options
    const policy = policyOf(options, what, this.#runtime.transport.flags)
    const leaseMs = LEASE_MS + (policy.timeoutMs ?? HANDLER_MS)
    const member = this.#add(
      { event: definition.name, group, order, rate, concurrency },
      makeWork(policy),
      { kind: 'consume', event: definition.name, group, leaseMs, alone: this.#alone },
    )
    if (this.#started) {
      this.#checkFlags(member.loop)
      void member.loop.startAfter(ready())
      member.aside.start()
    }
    return member.loop
  }

  async start(): Promise<void> {
    for (const { loop } of this.#members) this.#checkFlags(loop)
    this.#started = true
    await this.#runtime.transport.declare(RECEIPTS, [this.#runtime.service])
    for (const { loop, aside } of this.#members) {
      await loop.start()
      aside.start()
    }
  }

  wake(): void {
    for (const { aside } of this.#members) aside.wake()
  }

  async stop(drainMs: number): Promise<void> {
    this.#started = false
    await Promise.all(this.#members.map((member) => this.#stopOne(member, drainMs)))
  }

  stats(): ConsumerStats[] {
    return this.#members.map(({ loop }) => loop.stats()).filter(({ event }) => event !== RECEIPTS)
  }

  async #stopOne({ loop, aside }: Member<Tx>, drainMs: number): Promise<void> {
    // First, so that it hands the loop nothing more; it ends with what the loop has in hand.
    const ending = aside.stop()
    try {
      await loop.stop(drainMs)
    } catch (error) {
      this.#runtime.warn(`Stopping a consumer: ${messageOf(error)}`)
    }
    await ending
  }

  #add(
    options: ConstructorParameters<typeof Loop>[1],
    work: Work,
    asideOptions: AsideOptions,
  ): Member<Tx> {
    const { transport } = this.#runtime
    const counting = new CountingWork(this.#runtime, work, (ms) => member.aside.wakeIn(ms))
    const own = transport.flags.attempts ? work : counting
    const loop = new Loop(this.#runtime, options, own, this.#replies)
    const aside = new Aside(this.#runtime, loop, this.#replies, asideOptions)
    const member: Member<Tx> = { loop, aside }
    this.#members.push(member)
    return member
  }

  #checkFlags({ options }: Loop<Tx>): void {
    const { flags, name } = this.#runtime.transport
    const what = `Consuming ${options.event}/${options.group} over ${name}`
    if (options.order === 'by-key' && !flags.keyOrder) {
      throw new HufuError('TRANSPORT_LACKS', `${what}: it keeps no order by key`)
    }
  }
}

export function checkGroup<Tx>(definition: Definition<Tx>, group: string, what: string): void {
  if (definition.groups.includes(group)) return
  throw new HufuError('GROUP_UNKNOWN', `${what}: the event has no group ${group}`)
}
