import type { Duration } from '../duration.ts'

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
