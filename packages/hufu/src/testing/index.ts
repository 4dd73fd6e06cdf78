export type { MakeStore, StoreFixture } from './store-contract.ts'
export { storeContract } from './store-contract.ts'
export type { TransportFixture } from './transport-contract.ts'
export { transportContract } from './transport-contract.ts'
