import type { AdminVerb } from '../administration/admin-verb.ts'
import type { Call, Verb } from '../verb.ts'

const FOR_ALL = {
  data: { type: 'string' },
  config: { type: 'string' },
} as const

/** The verb of the command line. */
export function adminVerb<R extends object>(verb: AdminVerb<R>): Verb {
  const { name, args, about, more = [], options = {}, destructive = false } = verb
  return {
    ...{ name, args, about },
    more: [
      ...more,
      "--data           the server's folder, as for 'hufu serve'; default hufu-data",
      ...(destructive ? ['--yes            it may be done, and cannot be undone'] : []),
    ],
    options: { ...options, ...FOR_ALL, ...(destructive && { yes: { type: 'boolean' } as const }) },
    // The broker is loaded only for this.
    run: async (call) => (await import('../administration/run.ts')).run(verb, call),
  }
}

/** The text of an option; undefined where it is not given. */
export function textOf({ options }: Call, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** Texts between commas. */
export function listOf(call: Call, name: string): string[] {
  const text = textOf(call, name) ?? ''
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** The virtual host that is meant. */
export function vhostOf(call: Call): string {
  return textOf(call, 'vhost') ?? '/'
}

/** The options of what is in a virtual host. */
export const VHOST = { vhost: { type: 'string' } } as const

export const VHOST_LINE = '--vhost          the virtual host; default /'

export const OF_VHOST_LINE = '--vhost          only of this virtual host'
