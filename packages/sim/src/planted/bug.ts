/** A mistake to be planted, to see whether the simulation finds it. */
export interface PlantedBug {
  readonly name: string
  /** The world in which it must be found. Default `broker`. */
  readonly world?: 'broker' | 'globals'
  /** Source file, below `packages/`. */
  readonly file: string
  /** Text that stands there exactly once. */
  readonly find: string
  readonly replace: string
  /** What goes wrong then. */
  readonly why: string
}
