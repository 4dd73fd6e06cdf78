import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const FIRST = 20_000
const BLOCKS = 3000

/**
 * The first of three free ports of loopback, below those that systems give to outgoing connections:
 * a client that tries again and again while the server is down must not take the port, or meet
 * itself there.
 */
export async function freePorts(): Promise<number> {
  for (let attempts = 0; attempts < 100; attempts++) {
    const port = FIRST + 3 * randomInt(BLOCKS)
    const free = await Promise.all([port, port + 1, port + 2].map(isFree))
    if (free.every(Boolean)) return port
  }
  throw new Error(`Cannot find free ports: 100 blocks from ${FIRST} on are taken`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
