import type { Operations } from './operation.ts'

/** Connections and definitions. */
export const SERVER_OPERATIONS: Operations = {
  'connections.list': (_, { administration }) => {
    return { connections: administration.connections.list() }
  },

  'connections.close': async (input, { administration }) => {
    const number = input.count('number')
    const reason = input.textOr('reason', 'closed by an administrator')
    await administration.connections.close(number, reason)
    return { number }
  },

  'definitions.export': (input, { administration }) => {
    const forRabbit = input.flag('forRabbit')
    return { definitions: administration.definitions.export({ forRabbit }) }
  },

  'definitions.import': async (input, { administration }) => {
    return { imported: await administration.definitions.import(input.text('json')) }
  },
}
