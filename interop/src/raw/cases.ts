import type { Scenario, Stage } from '../scenario.ts'
import { Peer } from './peer.ts'

/** Something a client does on channel 1 of a connection of its own. */
export type Case = (peer: Peer, stage: Stage) => void | Promise<void>

/** Plays all side by side, and says in their order what came. */
export function cases(all: Readonly<Record<string, Case>>): Scenario {
  return playedBy(all, (stage) => Peer.entered(stage))
}

/** The same, with nothing sent yet. */
export function casesAtTheDoor(all: Readonly<Record<string, Case>>): Scenario {
  return playedBy(all, async (stage) => new Peer(stage))
}

function playedBy(
  all: Readonly<Record<string, Case>>,
  enter: (stage: Stage) => Promise<Peer>,
): Scenario {
  return async (stage) => {
    const played = Object.entries(all).map(async ([what, act]) => {
      const own = { ...stage, name: `${stage.name}.${what}` }
      const peer = await enter(own)
      await act(peer, own)
      return [what, await peer.rest()] as const
    })
    for (const [what, seen] of await Promise.all(played)) stage.say(what, seen)
  }
}
