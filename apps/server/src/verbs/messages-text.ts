import type { MessageInfo } from '@hufu/broker/amqp'

/** Messages for a person: a paragraph for each. */
export function messagesText(messages: readonly MessageInfo[]): string {
  if (messages.length === 0) return 'There is no such message'
  return messages.map(paragraph).join('\n\n')
}

function paragraph(message: MessageInfo): string {
  const { id, state, exchange, routingKey, redelivered, attempts, time, dueAt } = message
  const facts = [
    `message ${id}`,
    state,
    `exchange '${exchange}'`,
    `key '${routingKey}'`,
    `taken ${new Date(time).toISOString()}`,
    ...(redelivered ? ['redelivered'] : []),
    ...(attempts > 0 ? [`${attempts} failed deliveries`] : []),
    ...(dueAt > 0 ? [`due ${new Date(dueAt).toISOString()}`] : []),
  ]
  const failures = message.history.map(({ at, cause }) => {
    return `  failed ${new Date(at).toISOString()}: ${cause}`
  })
  return [facts.join(', '), ...failures, ...tablesOf(message), bodyOf(message)].join('\n')
}

function tablesOf({ properties, headers }: MessageInfo): string[] {
  const shown = (name: string, table: object) => {
    return Object.keys(table).length === 0 ? [] : [`  ${name} ${JSON.stringify(table)}`]
  }
  return [...shown('properties', properties), ...shown('headers', headers)]
}

function bodyOf({ body, bodyBytes, encoding, cut }: MessageInfo): string {
  const what = encoding === 'base64' ? ', base64' : ''
  const rest = cut ? ', the beginning' : ''
  return `  body, ${bodyBytes} bytes${what}${rest}: ${body}`
}
