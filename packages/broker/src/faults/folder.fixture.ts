import { World } from '../engine/world.fixture.ts'
import { checksum } from '../log/checksum.ts'

export const DIR = '/data/broker'

/** All files of a broker's folder but the lock, by name. */
export type Folder = Map<string, Uint8Array>

export function folderOf(world: World): Folder {
  const names = world.sim.disk.files().filter((path) => path.startsWith(`${DIR}/`))
  const kept = names.filter((path) => !path.startsWith(`${DIR}/lock`))
  return new Map(kept.map((path) => [path.slice(DIR.length + 1), world.sim.disk.contents(path)]))
}

/** A machine with this folder, durable, on its disk. */
export async function worldOf(folder: Folder): Promise<World> {
  const world = new World(1)
  await world.do(world.os.disk.makeDir(DIR))
  for (const [name, bytes] of folder) {
    const file = await world.do(
      world.os.disk.open(`${DIR}/${name}`, { create: true, durable: true }),
    )
    await world.do(file.write(bytes, 0))
    await world.do(file.close())
  }
  for (const path of [DIR, '/data', '/']) await world.do(world.os.disk.syncDir(path))
  return world
}

/** The same folder with one file changed. */
export function changed(folder: Folder, name: string, change: (bytes: Uint8Array) => void): Folder {
  const bytes = folder.get(name)
  if (bytes === undefined) throw new Error(`Cannot change ${name}: the folder has ${names(folder)}`)
  const copy = bytes.slice()
  change(copy)
  return new Map(folder).set(name, copy)
}

export function flip(byte: number, bit: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    bytes[byte]! ^= 1 << bit
  }
}

/** Writes a u32 and makes the checksum at `crcAt` right again, over `from` to `to`. */
export function forge(at: number, value: number, crcAt: number, from: number, to: number) {
  return (bytes: Uint8Array): void => {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    view.setUint32(at, value, true)
    view.setUint32(crcAt, checksum(bytes, from, to, 0), true)
  }
}

export function segmentNames(folder: Folder): string[] {
  return [...folder.keys()].filter((name) => /^[0-9a-f]{14}\.seg$/.test(name)).sort()
}

function names(folder: Folder): string {
  return [...folder.keys()].join(', ')
}
