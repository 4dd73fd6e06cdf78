import type { Clock } from '@hufu/os'

type Level = 'info' | 'warn' | 'error'
type Fields = Readonly<Record<string, unknown>>

/** The server's log: a line for each event, with the same fields in either form. */
export interface Log {
  info(event: string, fields?: Fields): void
  warn(event: string, fields?: Fields): void
  error(event: string, fields?: Fields): void
}

/**
 * `json`: one object per line with `time` (UTC), `level`, `event` and the fields of the event.
 * `text`: the same for a person.
 */
export function createLog(form: 'json' | 'text', clock: Clock, write: (line: string) => void): Log {
  const format = form === 'json' ? jsonLine : textLine
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}) => {
      write(format(new Date(clock.now()).toISOString(), level, event, fields))
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

function jsonLine(time: string, level: Level, event: string, fields: Fields): string {
  return JSON.stringify({ time, level, event, ...fields })
}

function textLine(time: string, level: Level, event: string, fields: Fields): string {
  const said = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [time, level.padEnd(5), event, ...said].join(' ')
}
