export type {
  CrashFailure,
  CrashOptions,
  CrashProcess,
  CrashReport,
} from './crash-kit.ts'
export { crashEverywhere } from './crash-kit.ts'
export type { Life } from './crash-kit-life.ts'
export type { MakeStore, StoreFixture } from './store-contract.ts'
export { storeContract } from './store-contract.ts'
export type { MakeTransport, TransportFixture } from './transport-contract.ts'
export { transportContract } from './transport-contract.ts'
