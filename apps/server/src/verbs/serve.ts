import { OPTIONS, optionLines } from '../serve/options.ts'
import type { Verb } from '../verb.ts'

/** Runs the server. */
export const serve: Verb = {
  name: 'serve',
  args: [],
  about:
    'Runs the server: a durable broker that RabbitMQ clients speak to, until a signal stops it',
  more: [
    ...optionLines(),
    'Each may stand in the environment too, as HUFU_ and its name: HUFU_READY_FILE.',
    'Exit codes: 0 stopped in order by SIGTERM, SIGINT or SIGHUP; 1 failed, or ended at once by a',
    'second signal; 2 wrong usage or unreadable input.',
  ],
  options: Object.fromEntries(
    OPTIONS.map((option) => [option.name, { type: 'string', multiple: 'repeat' in option }]),
  ),
  // The broker is loaded only for this.
  run: async (call) => (await import('../serve/serve.ts')).run(call),
}
