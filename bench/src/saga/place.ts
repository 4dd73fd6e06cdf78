import type { Store } from 'hufu'
import { mysql } from 'hufu/stores/mysql'
import { postgres } from 'hufu/stores/postgres'
import { sqlite } from 'hufu/stores/sqlite'

/** Where the state is: the path of a SQLite file, or the address of a database. */
export function storeAt(url: string): Store<unknown, unknown> {
  if (url.startsWith('postgres')) return postgres(url) as Store<unknown, never>
  if (url.startsWith('mysql') || url.startsWith('mariadb')) {
    return mysql(url) as Store<unknown, never>
  }
  return sqlite(url) as Store<unknown, never>
}
