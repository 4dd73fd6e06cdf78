import { storeContract } from 'hufu/testing'
import { Database } from './database.ts'
import { modelStore } from './model-store.ts'

storeContract('model', async () => {
  const database = new Database('contract', Date.now)
  const store = modelStore(database)
  return { store, another: () => modelStore(database), remove: () => undefined }
})
