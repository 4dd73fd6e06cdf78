import type { AdministrationHost } from './administration-host.ts'
import { QueueAdministration } from './queue-administration.ts'
import { UserAdministration } from './user-administration.ts'

/**
 * What an administrator does, without permissions being asked: whoever has this object may do
 * everything. Methods reject with `AdministrationError`.
 */
export class Administration {
  readonly users: UserAdministration
  readonly queues: QueueAdministration

  constructor(host: AdministrationHost) {
    this.users = new UserAdministration(host)
    this.queues = new QueueAdministration(host)
  }
}
