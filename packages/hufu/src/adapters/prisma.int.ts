import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import { type Database, onMariadb, onPostgres } from './databases.fixture.ts'
import { hufuTx, type PrismaTx } from './prisma.ts'
import { type PrismaClient, prismaClient } from './prisma-client.fixture.ts'
import { adapterRules, type Inside } from './rules.fixture.ts'

function begun<S>({ after }: Database<S>, prisma: PrismaClient, insert: string) {
  after(() => prisma.$disconnect())
  const transaction = <T>(fn: (inside: Inside) => Promise<T>) =>
    prisma.$transaction((tx) =>
      fn({ hufuTx: hufuTx(tx), order: async (id) => tx.$executeRawUnsafe(insert, id) }),
    )
  return { transaction }
}

adapterRules('Prisma on PostgreSQL', async (t) => {
  const database = await onPostgres(t)
  if (!database) return undefined
  const prisma = prismaClient('postgresql', new PrismaPg({ connectionString: database.url }))
  return { ...database, ...begun(database, prisma, 'INSERT INTO orders VALUES ($1)') }
})

adapterRules('Prisma on MariaDB', async (t) => {
  const database = await onMariadb(t)
  if (!database) return undefined
  const address = database.url.replace(/^mysql:/, 'mariadb:')
  const prisma = prismaClient('mysql', new PrismaMariaDb(address))
  return { ...database, ...begun(database, prisma, 'INSERT INTO orders VALUES (?)') }
})

test('Prisma itself, and what is none of it, are refused', async () => {
  const adapter = new PrismaPg({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })
  for (const none of [prismaClient('postgresql', adapter), {}, undefined]) {
    assert.throws(() => hufuTx(none as PrismaTx), { code: 'TRANSACTION_MISSING' })
  }
  const sqlite = { $queryRawUnsafe() {}, _activeProvider: 'sqlite' }
  assert.throws(() => hufuTx(sqlite as unknown as PrismaTx), {
    code: 'ARGUMENT',
    message: /its database is sqlite/,
  })
})
