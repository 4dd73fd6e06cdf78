import type { ServiceName } from './service.ts'

/** A server's main program. */
export interface Program {
  readonly path: string
  /** Root of the file system it was made for: `/`, or the folder it was unpacked into. */
  readonly root: string
  /** What it and programs beside it need in their environment. */
  readonly env: Readonly<Record<string, string>>
}

/** Where one server lives. */
export interface Place {
  readonly program: Program
  /** Folder for everything it writes. It exists and belongs to the user it runs as. */
  readonly folder: string
  /** The first of three free ports, of which most use only this one. */
  readonly port: number
  readonly password: string
}

export interface Command {
  readonly path: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; only of a program that ends by itself. */
  readonly input?: string
}

/** What is particular about one kind of server. */
export interface Kind {
  readonly name: ServiceName
  /** The Debian package that has it. */
  readonly package: string
  /** Its name in the folders of PATH, where that is the server itself. */
  readonly executable?: string
  /** Where else it may be, below the root of a file system; the last match of a pattern wins. */
  readonly patterns: readonly string[]
  /** It refuses to run as root: then it runs as `nobody`. */
  readonly refusesRoot: boolean
  /** Asks it to end. */
  readonly stopSignal: NodeJS.Signals
  version(program: Program): string
  /** Programs to run once, in this order, in a new folder. */
  prepare(place: Place): readonly Command[]
  serve(place: Place): Command
  url(place: Place): string
  /** Resolves when a client can work with it; rejects while it cannot. */
  probe(url: string): Promise<void>
}
