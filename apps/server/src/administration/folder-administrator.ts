import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, BrokerError, createBroker } from '@hufu/broker'
import { type AmqpDoor, openAmqpDoor } from '@hufu/broker/amqp'
import { nodeOs } from '@hufu/os'
import { UsageError } from '../verb.ts'
import type { Administrator, Watch } from './administrator.ts'
import { RefusedError } from './answer.ts'
import { Input } from './input.ts'
import { OPERATIONS } from './operations.ts'
import { refusalOf } from './refusal.ts'

/** Opens the data folder itself, as no server has it open. */
export class FolderAdministrator implements Administrator {
  readonly through = 'folder'
  readonly #broker: Broker
  readonly #door: AmqpDoor

  private constructor(broker: Broker, door: AmqpDoor) {
    this.#broker = broker
    this.#door = door
  }

  /** `UsageError`: it is no folder of a server, or another process has it. */
  static async open(dir: string, say: (line: string) => void): Promise<FolderAdministrator> {
    if (!existsSync(join(dir, 'manifest'))) {
      throw cannotOpen(dir, "no server has made it yet; start 'hufu serve' once")
    }
    const broker = await openBroker(dir, say)
    try {
      if (broker.records.entries('auth/').length === 0) {
        throw cannotOpen(dir, "it is a broker's folder, and not one of 'hufu serve'")
      }
      const { net } = nodeOs
      const door = await openAmqpDoor({ broker, net, os: nodeOs, onWarning: say })
      return new FolderAdministrator(broker, door)
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  async call(operation: string, input: object, watch: Watch): Promise<object> {
    const { administration } = this.#door
    const progress = (of: object) => watch.progress(of)
    try {
      const context = { administration, signal: watch.signal, progress }
      return await OPERATIONS[operation]!(new Input(input), context)
    } catch (error) {
      throw new RefusedError(refusalOf(operation, error))
    }
  }

  async close(): Promise<void> {
    await this.#door.close()
    await this.#broker.close()
  }
}

async function openBroker(dir: string, say: (line: string) => void): Promise<Broker> {
  try {
    return await createBroker({ dir, os: nodeOs, onWarning: say })
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    if (error.code !== 'FOLDER_LOCKED') {
      throw new UsageError(`${error.message} (${error.code})`, { cause: error })
    }
    const why = 'another process has it open and takes no commands: it starts, ends, or is no'
    throw cannotOpen(dir, `${why} 'hufu serve'`)
  }
}

function cannotOpen(dir: string, why: string): UsageError {
  return new UsageError(`Cannot open ${dir}: ${why}`)
}
