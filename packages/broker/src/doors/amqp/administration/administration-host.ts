import type { Os } from '@hufu/os'
import type { Broker } from '../../../api.ts'
import type { AmqpConnection } from '../connection.ts'
import type { Imported } from '../definitions.ts'
import type { Gate } from '../gate.ts'
import type { VirtualHost } from '../virtual-host.ts'
import { refusal } from './administration-error.ts'

/** A client that is there. */
export interface Guest {
  readonly connection: AmqpConnection
  /** Its address. */
  readonly remote: { readonly host: string; readonly port: number }
  /** Wall-clock time at which it came, ms. */
  readonly since: number
}

/** What administration needs of the door. */
export interface AdministrationHost {
  readonly broker: Broker
  readonly os: Os
  readonly gate: Gate
  /** What clients are told the server is. */
  readonly product: string
  readonly version: string
  guests(): Iterable<Guest>
  vhosts(): Iterable<VirtualHost>
  /** Opens it, where it is not open; there is one of that name. */
  openVhost(name: string): Promise<VirtualHost>
  /** From now on nobody comes in there. */
  shutVhost(name: string): void
  importDefinitions(json: string): Promise<Imported>
}

/** Throws `unknown`. */
export function demandVhost(host: AdministrationHost, name: string): VirtualHost {
  for (const vhost of host.vhosts()) if (vhost.name === name) return vhost
  throw refusal('unknown', `no vhost '${name}'`)
}
