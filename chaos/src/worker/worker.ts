import { createInterface } from 'node:readline'
import { BrokerError, createBroker } from '@hufu/broker'
import { SeededRandom } from '@hufu/os/simulated'
import { ReportFile } from '../history/report-file.ts'
import { EXIT, type WorkerOptions, type WorkerWord } from '../run/words.ts'
import { Consumer } from './consuming.ts'
import { drain, fill, publishAgain } from './filling.ts'
import { Publisher } from './publishing.ts'
import { declareAll, LIMITS } from './queues.ts'

/** One life of a process that uses a broker's folder; it does not end by itself. */
const options: WorkerOptions = JSON.parse(process.argv[2] ?? '{}')
const { dir, seed, life, reportPath } = options
const report = new ReportFile(reportPath)
const random = new SeededRandom(seed).fork(`life ${life}`)

function say(word: WorkerWord): void {
  process.stdout.write(`${word}\n`)
}

/** Ends with the broker's own error and nothing else. */
function endWith(error: unknown, exitCode: number): never {
  if (!(error instanceof BrokerError)) throw error
  process.stderr.write(`${error.code}: ${error.message}\n`)
  process.exit(exitCode)
}

async function live(): Promise<void> {
  const onFatal = (error: BrokerError) => endWith(error, EXIT.failed)
  const settings = { dir, limits: LIMITS, onFatal, onWarning: () => undefined }
  const broker = await createBroker(settings).catch((error) => endWith(error, EXIT.refused))
  await declareAll(broker)
  say('ready')
  const publisher = new Publisher({ broker, random: random.fork('out'), report, prefix: `${life}` })
  if (options.work === 'mixed') {
    new Consumer({ broker, random: random.fork('in'), report }).run()
    return publisher.run()
  }
  const filling = { broker, publisher, report }
  if (options.work === 'fill') await fill(filling).then(() => say('full'))
  for await (const word of words) {
    if (word === 'drain') await drain(filling).then(() => say('drained'))
    if (word === 'publish') await publishAgain(filling).then(() => say('published'))
  }
}

const words = createInterface({ input: process.stdin })
say('loaded')
// A tracer may be attached meanwhile: it then counts only what the broker does.
if (options.waits) words.once('line', () => void live())
else void live()
