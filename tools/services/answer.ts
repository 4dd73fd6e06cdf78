import { once } from 'node:events'
import { createConnection } from 'node:net'

const TIMEOUT_MS = 5000

/** Sends a request to the server at this address; what it answers, as soon as that `isWhole`. */
export async function answerFrom(
  url: string,
  request: string,
  isWhole: (answer: string) => boolean,
): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = createConnection({ host: hostname, port: Number(port) })
  try {
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer from port ${port}`)))
    await once(socket, 'connect')
    socket.write(request, 'latin1')
    let answer = ''
    for await (const bytes of socket) {
      answer += bytes.toString('latin1')
      if (isWhole(answer)) return answer
    }
    throw new Error(`port ${port} closed the connection after '${answer}'`)
  } finally {
    socket.destroy()
  }
}
