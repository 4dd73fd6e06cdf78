import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT_TRIES = 50
const PORT_EVERY_MS = 200

/** Listens on the loopback; `port` 0: any. One that is still taken is tried for 10 s. */
export async function listen(listener: RequestListener, port: number): Promise<number> {
  const server = createServer(listener)
  for (let left = PORT_TRIES; ; left--) {
    try {
      await begin(server, port)
      return (server.address() as AddressInfo).port
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!taken || left === 0) throw error
      await sleep(PORT_EVERY_MS)
    }
  }
}

async function begin(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

/** What is said to whoever started this process. */
export function say(word: string): void {
  process.stdout.write(`${word}\n`)
}

/** Whoever started this process is gone: so are we. */
export function endWithParent(): void {
  process.stdin.on('end', () => process.exit(1)).resume()
}
