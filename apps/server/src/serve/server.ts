import type { Broker } from '@hufu/broker'
import { createBroker } from '@hufu/broker'
import type { AmqpDoor } from '@hufu/broker/amqp'
import { openAmqpDoor } from '@hufu/broker/amqp'
import type { ListenOptions, Os } from '@hufu/os'
import { AdminSocket } from '../administration/admin-socket.ts'
import { type Address, formatAddress } from './address.ts'
import type { Log } from './log.ts'
import type { Ready } from './ready-file.ts'
import type { Settings } from './settings.ts'
import { sparingly } from './sparingly.ts'

/** Where the doors listen. */
export type Listening = Omit<Ready, 'pid'>

export interface ServerOptions {
  readonly settings: Settings
  readonly os: Os
  readonly log: Log
  /** The broker's log can no longer be trusted; the process must end. */
  readonly onFatal: (error: Error) => void
}

/** A broker and its doors. */
export class Server {
  readonly #options: ServerOptions
  readonly #broker: Broker
  readonly #door: AmqpDoor
  #admin: AdminSocket | undefined

  private constructor(options: ServerOptions, broker: Broker, door: AmqpDoor) {
    this.#options = options
    this.#broker = broker
    this.#door = door
  }

  /** Opens the data folder and what is in it; nobody can connect yet. */
  static async open(options: ServerOptions): Promise<Server> {
    const { settings, os, log, onFatal } = options
    const onWarning = (text: string) => log.warn('warning', { text })
    const { product, productVersion, limits } = settings
    const { messageBytesMax } = limits
    const broker = await createBroker({
      ...{ dir: settings.data, os, onFatal, onWarning },
      ...(messageBytesMax !== undefined && { limits: { messageBytesMax } }),
    })
    logRecovery(log, broker)
    try {
      const named = {
        ...(product !== undefined && { product }),
        ...(productVersion !== undefined && { productVersion }),
      }
      const door = await openAmqpDoor({ broker, net: os.net, os, onWarning, limits, ...named })
      return new Server(options, broker, door)
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  /** Imports the definitions, then opens every address, and the socket for administrators. */
  async start(): Promise<Listening> {
    const { settings, log } = this.#options
    if (settings.definitions !== undefined) {
      const imported = await this.#door.importDefinitions(settings.definitions)
      log.info('definitions imported', imported)
    }
    const listening = { amqp: await this.#listen('amqp'), amqps: await this.#listen('amqps') }
    await this.#openAdminSocket()
    return listening
  }

  /** Tells clients to go, then closes the folder in order. */
  async stop(): Promise<void> {
    try {
      await this.#admin?.close()
      await this.#door.close()
    } finally {
      await this.#broker.close()
    }
  }

  /** Not every disk can hold a socket: clients are served all the same. */
  async #openAdminSocket(): Promise<void> {
    const { settings, log, os } = this.#options
    try {
      const { administration } = this.#door
      this.#admin = await AdminSocket.open(settings.data, administration, os, log)
      log.info('listening', { door: 'admin', address: this.#admin.path })
    } catch (error) {
      const text = `Commands such as 'hufu users' cannot reach this server: ${error}`
      log.warn('warning', { text })
    }
  }

  async #listen(kind: 'amqp' | 'amqps'): Promise<string[]> {
    const { settings, log } = this.#options
    const opened: string[] = []
    for (const address of settings[kind]) {
      const listener = await this.#door.listen(this.#listenOptions(kind, address))
      opened.push(formatAddress(listener))
      log.info('listening', { door: kind, address: formatAddress(listener) })
    }
    return opened
  }

  #listenOptions(kind: 'amqp' | 'amqps', { host, port }: Address): ListenOptions {
    const { settings, log, os } = this.#options
    const address = formatAddress({ host, port })
    const say = sparingly(os.clock, (error: Error, unsaid) => {
      const cause = { error: error.message, ...(unsaid > 0 && { unsaid }) }
      log.warn('connection refused', { door: kind, address, ...cause })
    })
    const tls = kind === 'amqps' ? settings.tls : undefined
    return { host, port, onRefused: say, ...(tls && { tls }) }
  }
}

function logRecovery(log: Log, { report }: Broker): void {
  const { cleanStop, incarnation, messages, damaged, tailBytesCut, tailMayHoldConfirmed } = report
  const found = { cleanStop, incarnation, messages, tailBytesCut }
  if (damaged.length > 0 || tailMayHoldConfirmed) {
    log.error('recovered with damage', { ...found, damaged, tailMayHoldConfirmed })
  } else if (incarnation === 1) log.info('created')
  else log.info('recovered', found)
}
