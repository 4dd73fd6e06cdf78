import type { Administrator } from './administrator.ts'
import { ServerAdministrator } from './server-administrator.ts'
import { socketOf } from './socket-place.ts'

/** The server that has the data folder open; where none has, this process opens it. */
export async function reach(dir: string, say: (line: string) => void): Promise<Administrator> {
  const socket = socketOf(dir)
  const server = socket === undefined ? undefined : await ServerAdministrator.find(socket)
  if (server !== undefined) return server
  // The broker is loaded only for this.
  const { FolderAdministrator } = await import('./folder-administrator.ts')
  return FolderAdministrator.open(dir, say)
}
