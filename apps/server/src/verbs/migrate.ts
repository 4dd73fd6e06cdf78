import type { Verb } from '../verb.ts'

/** Makes a store's tables, for services whose user may not. */
export const migrate: Verb = {
  name: 'migrate',
  args: [],
  about: 'Makes the tables of a store, or brings them to this version; for services that may not',
  more: [
    '--store          postgres://…, mysql://… (MariaDB too) or the path of a SQLite file',
    '--schema         PostgreSQL: where the tables are; made when missing',
    '--prefix         PostgreSQL and MySQL: what their names begin with; default hufu_',
    '--barrier-table  PostgreSQL and MySQL: the barrier, such as dtm_barrier.barrier',
    '--print          shows the SQL that is missing, and changes nothing',
  ],
  options: {
    store: { type: 'string' },
    schema: { type: 'string' },
    prefix: { type: 'string' },
    'barrier-table': { type: 'string' },
    print: { type: 'boolean' },
  },
  // The library is loaded only for this.
  run: async (call) => (await import('../migrate.ts')).run(call),
}
