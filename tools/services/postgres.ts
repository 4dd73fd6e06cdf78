import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Kind, Place } from './kind.ts'
import { printedVersion } from './programs.ts'
import { runSql } from './sql.ts'

/** Durable, which is PostgreSQL's default too, and small; only on loopback, no socket file. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_connections: '200',
  max_prepared_transactions: '100',
  shared_buffers: '64MB',
}

export const POSTGRES: Kind = {
  name: 'postgres',
  package: 'postgresql',
  executable: 'postgres',
  patterns: ['usr/lib/postgresql/*/bin/postgres', 'usr/local/pgsql/bin/postgres'],
  refusesRoot: true,
  stopSignal: 'SIGINT',
  version: printedVersion,
  prepare(place) {
    const passwordFile = join(place.folder, 'password')
    writeFileSync(passwordFile, place.password)
    const words = ['--username=hufu', '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
    const locale = ['--encoding=UTF8', '--no-locale']
    return [
      {
        path: join(dirname(place.program.path), 'initdb'),
        args: ['-D', dataOf(place), ...words, ...locale, '--no-sync'],
      },
    ]
  },
  serve(place) {
    const settings = Object.entries({ ...SETTINGS, port: String(place.port) })
    const args = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
    return { path: place.program.path, args: ['-D', dataOf(place), ...args] }
  },
  url({ port, password }) {
    return `postgres://hufu:${password}@127.0.0.1:${port}/postgres`
  },
  async probe(url) {
    await runSql(url, 'SELECT 1')
  },
}

function dataOf(place: Place): string {
  return join(place.folder, 'data')
}
