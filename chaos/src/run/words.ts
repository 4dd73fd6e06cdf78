/** What a worker is started with, as JSON. */
export interface WorkerOptions {
  /** The broker's folder. */
  dir: string
  seed: number
  /** Of the folder, from 0; starts every message's token. */
  life: number
  reportPath: string
  /** `mixed`: all kinds of work; `fill`: publish until the disk is full; `wait`: for commands. */
  work: 'mixed' | 'fill' | 'wait'
  /** Opens the folder only after a first line on its standard input. */
  waits: boolean
}

/** Lines that a worker writes to its standard output. */
export type WorkerWord = 'loaded' | 'ready' | 'full' | 'drained' | 'published'

/** How a worker ends by itself, in good order. */
export const EXIT = {
  /** The log failed; the broker said so. */
  failed: 10,
  /** The folder could not be opened; the broker said why. */
  refused: 11,
} as const
