import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Contestant, ContestantName, Order } from './contestant.ts'
import { participantAt } from './contestant.ts'
import { hufuContestant } from './hufu-contestant.ts'
import { statementsContestant } from './statements-contestant.ts'
import { ready } from './worker.ts'

/** What a coordinator is started with, as JSON. */
export interface CoordinatorStart {
  readonly name: ContestantName
  readonly url: string
  /** Of its broker, which has nothing to do here. */
  readonly folder: string
  /** 0: functions of this process. */
  readonly participants: number
}

/** A coordinator with an HTTP front: POST begins a saga, the answer comes when it has ended. */
const { name, url, folder, participants }: CoordinatorStart = JSON.parse(process.argv[2] ?? '{}')

function open(): Promise<Contestant> {
  const participant = participantAt(participants)
  if (name === 'hufu') return hufuContestant(url, folder, participant)
  return statementsContestant(url, participant)
}

function take(contestant: Contestant, req: IncomingMessage, res: ServerResponse): void {
  let text = ''
  req.setEncoding('utf8')
  req.on('data', (chunk: string) => {
    text += chunk
  })
  req.on('end', () => {
    contestant.run(JSON.parse(text) as Order).then(
      () => res.end('committed'),
      (error) => res.writeHead(500).end(String(error)),
    )
  })
}

const contestant = await open()
const server = createServer((req, res) => take(contestant, req, res))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  ready({ port, usage: () => ({ commits: contestant.commits() }) })
})
