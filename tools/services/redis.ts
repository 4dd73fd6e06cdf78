import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerFrom } from './answer.ts'
import type { Kind, Place } from './kind.ts'
import { printedVersion } from './programs.ts'

/** Every write is on disk before it is answered. */
const SETTINGS = ['bind 127.0.0.1', 'appendonly yes', 'appendfsync always', 'save ""']

export const REDIS: Kind = {
  name: 'redis',
  package: 'redis-server',
  executable: 'redis-server',
  patterns: ['usr/bin/redis-server', 'usr/local/bin/redis-server'],
  refusesRoot: false,
  stopSignal: 'SIGTERM',
  version: printedVersion,
  prepare(place) {
    const lines = [...SETTINGS, `dir "${place.folder}"`, `requirepass ${place.password}`, '']
    writeFileSync(configOf(place), lines.join('\n'))
    return []
  },
  serve(place) {
    return { path: place.program.path, args: [configOf(place), '--port', String(place.port)] }
  },
  url({ port, password }) {
    return `redis://:${password}@127.0.0.1:${port}`
  },
  async probe(url) {
    const { password } = new URL(url)
    const twoLines = (answer: string) => answer.split('\n').length > 2
    const answer = await answerFrom(url, `AUTH ${password}\r\nPING\r\n`, twoLines)
    if (answer !== '+OK\r\n+PONG\r\n') throw new Error(answer)
  },
}

function configOf(place: Place): string {
  return join(place.folder, 'redis.conf')
}
