import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Kind, Place } from './kind.ts'
import { printedVersion } from './programs.ts'
import { runSql } from './sql.ts'

/** Durable, and small. A socket file cannot be switched off: it lies in the data folder. */
const SETTINGS = [
  '--bind-address=127.0.0.1',
  '--socket=mariadb.sock',
  '--pid-file=mariadb.pid',
  '--skip-name-resolve',
  '--innodb-flush-log-at-trx-commit=1',
  '--innodb-doublewrite=ON',
  '--innodb-buffer-pool-size=64M',
  '--innodb-log-file-size=48M',
  '--max-connections=200',
  '--character-set-server=utf8mb4',
]

/** What `mariadb-install-db` feeds to the server, without help texts and the sys schema. */
const SCRIPTS = [
  'mysql_system_tables.sql',
  'mysql_performance_tables.sql',
  'mysql_system_tables_data.sql',
]

export const MARIADB: Kind = {
  name: 'mariadb',
  package: 'mariadb-server-core',
  executable: 'mariadbd',
  patterns: ['usr/sbin/mariadbd', 'usr/libexec/mariadbd', 'usr/local/sbin/mariadbd'],
  refusesRoot: true,
  stopSignal: 'SIGTERM',
  version: printedVersion,
  prepare(place) {
    const scripts = SCRIPTS.map((name) => readFileSync(join(shareOf(place), name), 'utf8'))
    const input = ['CREATE DATABASE mysql;', 'USE mysql;', ...scripts, accounts(place)].join('\n')
    return [{ ...command(place, ['--bootstrap', '--log-warnings=0']), input }]
  },
  serve(place) {
    return command(place, [...SETTINGS, `--port=${place.port}`])
  },
  url({ port, password }) {
    return `mysql://hufu:${password}@127.0.0.1:${port}/mysql`
  },
  async probe(url) {
    await runSql(url, 'SELECT 1')
  },
}

function command(place: Place, args: readonly string[]) {
  const { path } = place.program
  const folders = [
    `--basedir=${dirname(dirname(path))}`,
    `--datadir=${place.folder}`,
    `--lc-messages-dir=${shareOf(place)}`,
    `--character-sets-dir=${join(shareOf(place), 'charsets')}`,
    `--tmpdir=${place.folder}`,
  ]
  return { path, args: ['--no-defaults', ...folders, ...args] }
}

/** Distributions call the folder of its scripts and messages one or the other. */
function shareOf({ program }: Place): string {
  const share = join(dirname(dirname(program.path)), 'share')
  const folders = ['mysql', 'mariadb'].map((name) => join(share, name))
  const found = folders.find((folder) => existsSync(join(folder, SCRIPTS[0] ?? '')))
  if (found) return found
  throw new Error(`Cannot set up MariaDB: ${SCRIPTS[0]} is in none of ${folders.join(', ')}`)
}

/** One account that may do everything, with a password; the ones without are removed. */
function accounts({ password }: Place): string {
  return [
    "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';",
    'FLUSH PRIVILEGES;',
    `CREATE USER hufu@'%' IDENTIFIED BY '${password}';`,
    "GRANT ALL ON *.* TO hufu@'%' WITH GRANT OPTION;\n",
  ].join('\n')
}
