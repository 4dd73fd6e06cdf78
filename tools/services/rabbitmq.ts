import { chmodSync, globSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { answerFrom } from './answer.ts'
import type { Kind, Place } from './kind.ts'

const HEADER = 'AMQP\0\0\x09\x01'
/** The server's first frame, Connection.Start: a method on channel 0. */
const START = '\x01\0\0'

/** `epmd` keeps the names of a machine's nodes; this one is ours, and ends with the node. */
const RUN = `#!/bin/sh
if setpriv --pdeathsig KILL true
then setpriv --pdeathsig KILL epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
else epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
fi
exec "$1"
`

export const RABBITMQ: Kind = {
  name: 'rabbitmq',
  package: 'rabbitmq-server',
  patterns: [
    'usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server',
    'opt/rabbitmq/sbin/rabbitmq-server',
  ],
  refusesRoot: false,
  stopSignal: 'SIGTERM',
  version({ path }) {
    return /rabbitmq_server-([\d.]+)/.exec(path)?.[1] ?? 'unknown'
  },
  prepare(place) {
    const account = [`default_user = hufu`, `default_pass = ${place.password}`]
    const lines = [...account, 'disk_free_limit.absolute = 50MB', '']
    writeFileSync(join(place.folder, 'rabbitmq.conf'), lines.join('\n'))
    writeFileSync(join(place.folder, 'run.sh'), RUN)
    if (place.program.root !== '/') writeErlang(place)
    return []
  },
  serve(place) {
    const args = [join(place.folder, 'run.sh'), place.program.path]
    return { path: '/bin/sh', args, env: environment(place) }
  },
  url({ port, password }) {
    return `amqp://hufu:${password}@127.0.0.1:${port}/%2F`
  },
  async probe(url) {
    await answerFrom(url, HEADER, (answer) => answer.startsWith(START))
  },
}

/** Everything in the data folder; the node's and the port mapper's ports are ours too. */
function environment({ folder, port, program }: Place): Record<string, string> {
  const folders = program.root === '/' ? [] : [folder, binariesOf(program.root)]
  return {
    PATH: [...folders, process.env.PATH].join(delimiter),
    RABBITMQ_NODENAME: 'hufu@localhost',
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(port + 1),
    ERL_EPMD_PORT: String(port + 2),
    ERL_AFLAGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'nodes'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    // Its script then becomes the node, instead of waiting for it.
    RUNNING_UNDER_SYSTEMD: 'true',
  }
}

/** The script `erl` of the package finds Erlang in `/usr/lib` only: this one does where it is. */
function writeErlang({ folder, program }: Place): void {
  const binaries = binariesOf(program.root)
  const home = dirname(dirname(binaries))
  const lines = [
    '#!/bin/sh',
    `export ROOTDIR='${home}' BINDIR='${binaries}' EMU=beam PROGNAME=erl`,
    'exec "$BINDIR/erlexec" "$@"\n',
  ]
  writeFileSync(join(folder, 'erl'), lines.join('\n'))
  chmodSync(join(folder, 'erl'), 0o755)
}

function binariesOf(root: string): string {
  const [found] = globSync(join(root, 'usr/lib/erlang/erts-*/bin'))
  if (found) return found
  throw new Error(`Cannot start RabbitMQ: ${root} has no Erlang`)
}
