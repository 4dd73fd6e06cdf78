import { sleep } from '@hufu/os'
import type { Channel } from 'amqplib'
import type { Link } from './link.ts'
import type { Settings } from './options.ts'

/** Whoever waits for the turn asks so often, ms. */
const ASK_MS = 1_000

/** `RESOURCE_LOCKED`: another connection has the queue. */
const LOCKED = 405

/**
 * The right to consume a group in order of key, for one subscription at a time: an exclusive queue
 * that goes when its owner's connection does. Works alike on all types of queues, which the
 * protocol's exclusive consumers do not.
 */
export class Turns {
  readonly #link: Link
  readonly #settings: Settings
  /** The server tells connections apart, not the subscriptions on one. */
  readonly #held = new Set<string>()

  constructor(link: Link, settings: Settings) {
    this.#link = link
    this.#settings = settings
  }

  /** Resolves with what gives the turn back; undefined when `signal` was aborted before. */
  async wait(name: string, signal: AbortSignal): Promise<(() => Promise<void>) | undefined> {
    while (!signal.aborted) {
      if (!this.#held.has(name)) {
        const release = await this.#take(name)
        if (release) return release
      }
      await sleep(this.#settings.os.clock, ASK_MS, signal)
    }
    return undefined
  }

  async #take(name: string): Promise<(() => Promise<void>) | undefined> {
    this.#held.add(name)
    try {
      const connected = await this.#link.get()
      const channel = await this.#link.ask(connected, connected.model.createChannel())
      const ask = <T>(asked: Promise<T>) => this.#link.ask(connected, asked, channel)
      channel.on('error', () => {})
      await ask(channel.assertQueue(name, { exclusive: true, durable: false }))
      channel.on('close', () => this.#held.delete(name))
      return () => ask(this.#release(channel, name)).catch(() => void this.#held.delete(name))
    } catch (error) {
      this.#held.delete(name)
      if ((error as { code?: unknown }).code === LOCKED) return undefined
      throw error
    }
  }

  async #release(channel: Channel, name: string): Promise<void> {
    try {
      await channel.deleteQueue(name)
      await channel.close()
    } catch {
      // The connection is gone, and the queue with it.
    }
    this.#held.delete(name)
  }
}
