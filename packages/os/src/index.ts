export type { Clock, Timer } from './clock.ts'
export { sleep } from './clock.ts'
export type { Disk, DiskError, DiskFile, DiskLock, OpenOptions } from './disk.ts'
export { isDiskError } from './disk.ts'
export type {
  Connection,
  Handlers,
  Listener,
  ListenOptions,
  Net,
  NetError,
  TlsOptions,
} from './net.ts'
export { WRITE_HIGH_BYTES } from './net.ts'
export { nodeNet } from './node/net.ts'
export { nodeOs } from './node/os.ts'
export type { Os } from './os.ts'
export type { Random } from './random.ts'
export { randomBelow } from './random.ts'
