import type { Verb } from '../verb.ts'

/** Shows what is in a broker's folder that no process has open. */
export const inspect: Verb = {
  name: 'inspect',
  args: ['DIR'],
  about: 'Shows queues and health of a broker folder that no process has open; changes nothing',
  options: {},
  // The broker is loaded only for this.
  run: async (call) => (await import('../inspect/run.ts')).run(call),
}
