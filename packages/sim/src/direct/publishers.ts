import { BrokerError, type Publisher, type PublisherMessage } from '@hufu/broker'
import type { Step } from '../plan/step.ts'
import type { Findings } from '../world/findings.ts'
import type { Machine } from '../world/machine.ts'
import type { Marks } from '../world/marks.ts'
import type { Sender } from './consumer.ts'
import type { Sent } from './copy.ts'

type BatchStep = Extract<Step, { kind: 'publishBatch' }>
type RoutedStep = Extract<Step, { kind: 'publishRouted' }>

/** A publisher, and its messages by number, from 1. */
interface Numbered {
  readonly name: string
  readonly life: number
  readonly sents: Sent[]
  /** Numbers of which it was told that they were not taken. */
  readonly refused: Set<number>
  confirmedUpTo: number
}

/** Publishers that confirm by number: in each life one for each set of queues. */
export class PublisherWorkload {
  readonly #machine: Machine
  readonly #direct: Sender
  readonly #findings: Findings
  readonly #marks: Marks
  readonly #open = new Map<string, { numbered: Numbered; publisher: Publisher }>()

  constructor(machine: Machine, direct: Sender, findings: Findings, marks: Marks) {
    this.#machine = machine
    this.#direct = direct
    this.#findings = findings
    this.#marks = marks
  }

  /** A new life, to which nothing is known of the publishers before. */
  begin(): void {
    this.#open.clear()
  }

  run({ queues, messages }: BatchStep, number: number): void {
    const batch = messages.map((message, at) => {
      return this.#direct.message({ queues, ...message }, `n${number}.${at}`)
    })
    const given = batch.map(({ sent, request: { queues: _, ...request } }) => ({ sent, request }))
    this.#publish(this.#publisherTo(queues), given)
  }

  /** Each message to its own queues. */
  runRouted({ messages }: RoutedStep, number: number): void {
    const batch = messages.map((message, at) => this.#direct.message(message, `r${number}.${at}`))
    this.#publish(this.#publisherTo(undefined), batch)
  }

  #publish(
    { numbered, publisher }: { numbered: Numbered; publisher: Publisher },
    batch: readonly { sent: Sent; request: PublisherMessage }[],
  ): void {
    // Known before it is called: what finds no room is refused within the call.
    numbered.sents.push(...batch.map(({ sent }) => sent))
    const count = numbered.sents.length
    try {
      const last = publisher.publishBatch(batch.map(({ request }) => request))
      const what = () => `${numbered.name}: ${last}, not ${count}`
      this.#findings.check(last === count, 'messages are numbered in their order', what)
    } catch (error) {
      this.#direct.expected('publishBatch', error)
      for (const { sent } of batch) sent.refused = true
      numbered.sents.length -= batch.length
    }
  }

  /** After an orderly stop without faults each message was answered for. */
  closed(): void {
    if (this.#machine.faulty || this.#machine.capacityLimited) return
    for (const { numbered } of this.#open.values()) {
      const { name, sents, refused, confirmedUpTo } = numbered
      const open = sents.findIndex((_, at) => at >= confirmedUpTo && !refused.has(at + 1))
      const what = () => `${name}: ${open + 1}, confirmed up to ${confirmedUpTo}`
      this.#findings.check(open < 0, 'a publisher hears of each message', what)
    }
  }

  #publisherTo(queues: readonly string[] | undefined): {
    numbered: Numbered
    publisher: Publisher
  } {
    const { broker, life } = this.#machine
    const name = queues?.join(' ') ?? 'each its own'
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const numbered: Numbered = { name, life, sents: [], refused: new Set(), confirmedUpTo: 0 }
    const publisher = broker.publisher({
      ...(queues !== undefined && { queues }),
      onConfirmed: (upTo) => this.#confirmed(numbered, upTo),
      onRefused: (from, to, error) => this.#refused(numbered, from, to, error),
    })
    const made = { numbered, publisher }
    this.#open.set(name, made)
    return made
  }

  #confirmed(numbered: Numbered, upTo: number): void {
    const { name, life, sents, refused, confirmedUpTo } = numbered
    if (!this.#machine.alive || life !== this.#machine.life) return
    this.#machine.sim.trace.add(`confirmed ${name} up to ${upTo}`)
    const rises = upTo >= confirmedUpTo && upTo <= sents.length
    const what = () => `${name}: ${upTo} of ${sents.length}, behind ${confirmedUpTo}`
    this.#findings.check(rises, 'confirmed numbers rise up to the last one', what)
    for (let number = confirmedUpTo + 1; number <= upTo; number++) {
      if (!refused.has(number)) this.#direct.model.stored(sents[number - 1]!)
    }
    numbered.confirmedUpTo = upTo
    this.#marks.add('numberedConfirmed')
  }

  #refused(
    { name, life, sents, refused, ...numbered }: Numbered,
    from: number,
    to: number,
    error: Error,
  ): void {
    if (!this.#machine.alive || life !== this.#machine.life) return
    const nowhere = from === to && sents[from - 1]!.queues.includes('nowhere')
    const alone =
      name === 'each its own' && error instanceof BrokerError && error.code !== 'LOG_FAILED'
    const unknown = !nowhere && this.#direct.expected('publishBatch', error) === 'LOG_FAILED'
    if (alone && from === to) this.#marks.add('routedRefused')
    const what = () => `${name}: ${from} to ${to}, confirmed up to ${numbered.confirmedUpTo}`
    const fits = from <= to && from > numbered.confirmedUpTo && to <= sents.length
    this.#findings.check(fits, 'what is refused was not confirmed', what)
    for (let number = from; number <= to; number++) {
      refused.add(number)
      if (!unknown) sents[number - 1]!.refused = true
    }
    this.#marks.add('numberedRefused')
  }
}
