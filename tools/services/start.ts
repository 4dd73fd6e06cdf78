import { randomBytes } from 'node:crypto'
import { chownSync } from 'node:fs'
import { isRoot, NOBODY, servicesHome } from './home.ts'
import type { Kind, Place } from './kind.ts'
import { newDataFolder, removeFolder } from './leftovers.ts'
import { MARIADB } from './mariadb.ts'
import { freePorts } from './ports.ts'
import { POSTGRES } from './postgres.ts'
import { programOf } from './programs.ts'
import { RABBITMQ } from './rabbitmq.ts'
import { REDIS } from './redis.ts'
import { Server } from './server.ts'
import { prepare } from './server-process.ts'
import type { Running, ServiceName } from './service.ts'

const KINDS: Readonly<Record<ServiceName, Kind>> = {
  postgres: POSTGRES,
  mariadb: MARIADB,
  redis: REDIS,
  rabbitmq: RABBITMQ,
}

/** Another program may take the port between our look at it and the server's start. */
const PORTS_TRIED = 3

/**
 * Starts a server of its own, with an empty data folder and settings under which a committed
 * transaction is on disk. It ends with this process. Rejects with `ServiceMissing` where it is not
 * installed and cannot be fetched, with another error and the end of its log where it does not
 * start within 60 s.
 */
export async function startService(name: ServiceName): Promise<Running> {
  const kind = KINDS[name]
  const program = await programOf(kind)
  const folder = newDataFolder(servicesHome(), name)
  const place = { program, folder, password: randomBytes(12).toString('hex'), port: 0 }
  try {
    if (isRoot && kind.refusesRoot) chownSync(folder, NOBODY.uid, NOBODY.gid)
    await prepare(kind, place)
    return await atFreePort(kind, place, kind.version(program), PORTS_TRIED)
  } catch (error) {
    removeFolder(folder)
    throw error
  }
}

async function atFreePort(kind: Kind, place: Place, version: string, tries: number) {
  const server = new Server(kind, { ...place, port: await freePorts() }, version)
  try {
    await server.start()
    return server
  } catch (error) {
    if (tries <= 1 || !server.hasEnded) throw error
    return atFreePort(kind, place, version, tries - 1)
  }
}
