import { isServiceName, SERVICE_NAMES, ServiceMissing } from './service.ts'
import { startService } from './start.ts'

const HELP = `npm run services -- start ${SERVICE_NAMES.join('|')} [--json]

Starts a server with an empty data folder and its own port on 127.0.0.1, prints its address, and
runs until Ctrl-C; then the data is removed. An installed server is used, else a Debian package is
unpacked into .services/.

  --json  the last line of standard output is {"name":…,"version":…,"url":…,"pid":…}
  --help  this text

Exit codes: 0 ended by a signal, 1 the server does not start, 2 wrong usage, 3 there is no such
server for this machine.`

/** Resolves with the exit code when somebody ends the program. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const json = args.includes('--json')
  const [verb, name, ...more] = args.filter((word) => word !== '--json')
  if (verb !== 'start' || !isServiceName(name) || more.length > 0) {
    console.error(`Cannot read '${args.join(' ')}': see below\n\n${HELP}`)
    return 2
  }
  try {
    const { promise: signalled, resolve } = Promise.withResolvers<void>()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => resolve())
    const service = await startService(name)
    const { version, url, pid } = service
    console.log(json ? JSON.stringify({ name, version, url, pid }) : `${name} ${version}: ${url}`)
    const keepRunning = setInterval(() => {}, 2 ** 30)
    await signalled
    clearInterval(keepRunning)
    await service.stop()
    return 0
  } catch (error) {
    const { message } = error as Error
    console.error(message)
    const missing = error instanceof ServiceMissing
    if (json) console.log(JSON.stringify(missing ? { skipped: message } : { error: message }))
    return missing ? 3 : 1
  }
}

process.exitCode = await main(process.argv.slice(2))
