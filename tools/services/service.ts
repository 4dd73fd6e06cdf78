/** The servers that tests may ask for. */
export const SERVICE_NAMES = ['postgres', 'mariadb', 'redis', 'rabbitmq'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** A server of its own: own data folder, own port, only on loopback. */
export interface Running {
  readonly name: ServiceName
  readonly version: string
  /** With user and password; the user may do everything. Stays the same over `restart()`. */
  readonly url: string
  /** Of the main process; another one after `restart()`. */
  readonly pid: number
  /** Ends it in the ordinary way (SIGKILL after 20 s) and removes its data. */
  stop(): Promise<void>
  /** SIGKILL to the main process and all its children; returns when they are gone. Data stays. */
  kill(): Promise<void>
  /** Starts it again on its data and port; first ends it in the ordinary way where it runs. */
  restart(): Promise<void>
}

/** A server is not installed here and could not be fetched. Tests that need it are skipped. */
export class ServiceMissing extends Error {
  override readonly name = 'ServiceMissing'
}

export function isServiceName(word: string | undefined): word is ServiceName {
  return SERVICE_NAMES.some((name) => name === word)
}

/** `HUFU_POSTGRES_URL`: a server that is there already, the user's own or one of this run. */
export function urlVariable(name: ServiceName): string {
  return `HUFU_${name.toUpperCase()}_URL`
}

/** `HUFU_POSTGRES_MISSING`: why this run has none. */
export function missingVariable(name: ServiceName): string {
  return `HUFU_${name.toUpperCase()}_MISSING`
}
