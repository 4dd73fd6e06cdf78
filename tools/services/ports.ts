import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of loopback, below those that systems give to outgoing connections: a client that
 * tries again and again while the server is down must not take the port, or meet itself there.
 */
export async function freePort(): Promise<number> {
  for (let attempts = 0; attempts < 100; attempts++) {
    const port = randomInt(20_000, 30_000)
    if (await isFree(port)) return port
  }
  throw new Error('Cannot find a free port: 100 ports between 20000 and 30000 are taken')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
