import type { AdministrationHost } from './administration-host.ts'
import { ConnectionAdministration } from './connection-administration.ts'
import { DefinitionsAdministration } from './definitions-administration.ts'
import { ExchangeAdministration } from './exchange-administration.ts'
import { MessageAdministration } from './message-administration.ts'
import { PermissionAdministration } from './permission-administration.ts'
import { PolicyAdministration } from './policy-administration.ts'
import { QueueAdministration } from './queue-administration.ts'
import { UserAdministration } from './user-administration.ts'
import { VhostAdministration } from './vhost-administration.ts'

/**
 * What an administrator does, without permissions being asked: whoever has this object may do
 * everything. Methods reject with `AdministrationError`.
 */
export class Administration {
  readonly users: UserAdministration
  readonly vhosts: VhostAdministration
  readonly permissions: PermissionAdministration
  readonly policies: PolicyAdministration
  readonly exchanges: ExchangeAdministration
  readonly queues: QueueAdministration
  readonly messages: MessageAdministration
  readonly connections: ConnectionAdministration
  readonly definitions: DefinitionsAdministration

  constructor(host: AdministrationHost) {
    this.users = new UserAdministration(host)
    this.vhosts = new VhostAdministration(host)
    this.permissions = new PermissionAdministration(host)
    this.policies = new PolicyAdministration(host)
    this.exchanges = new ExchangeAdministration(host)
    this.queues = new QueueAdministration(host)
    this.messages = new MessageAdministration(host)
    this.connections = new ConnectionAdministration(host)
    this.definitions = new DefinitionsAdministration(host)
  }
}
