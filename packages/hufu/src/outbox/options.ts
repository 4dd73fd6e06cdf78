import type { Duration } from '../duration.ts'

export interface TransactionalOptions extends PublishOptions {
  /**
   * When the broker asks what became of the local transaction, should the second word not come:
   * first after 6 s, then every 30 s, 15 times at most, then the message is parked there.
   */
  readonly check?: { readonly first?: Duration; readonly every?: Duration; readonly max?: number }
}

export interface PublishOptions {
  /** The idempotency key: publishing it again has no effect. At most 255 characters. */
  readonly id: string
  /** Messages of one key keep their order. At most 255 characters. */
  readonly key?: string
  /** Not delivered before this time has passed since the relay sent it. Default 0. */
  readonly delay?: Duration
  /** Go with the message; names beginning with `hufu-` are the library's. */
  readonly headers?: Readonly<Record<string, string>>
}
