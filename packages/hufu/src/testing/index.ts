export type { MakeStore, StoreFixture } from './store-contract.ts'
export { storeContract } from './store-contract.ts'
