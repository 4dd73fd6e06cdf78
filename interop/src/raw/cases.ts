import type { Scenario, Stage } from '../scenario.ts'
import { Peer, type Sight } from './peer.ts'

/** Something a client does on channel 1 of a connection of its own. */
export type Case = (peer: Peer, stage: Stage) => void | Promise<void>

/** Plays all side by side, and says in their order what came. */
export function cases(all: Readonly<Record<string, Case>>): Scenario {
  return playedBy(
    all,
    (stage) => Peer.entered(stage),
    (seen) => seen,
  )
}

/** The same, but of a refusal only its codes: its words are about bytes that no client sends. */
export function brokenCases(all: Readonly<Record<string, Case>>): Scenario {
  return playedBy(all, (stage) => Peer.entered(stage), withoutTexts)
}

/** The same, with nothing sent yet. A server may let such a client wait. */
export function casesAtTheDoor(all: Readonly<Record<string, Case>>): Scenario {
  return playedBy(
    all,
    async (stage) => new Peer(stage),
    (seen) => seen,
    4_000,
  )
}

function playedBy(
  all: Readonly<Record<string, Case>>,
  enter: (stage: Stage) => Promise<Peer>,
  shown: (seen: readonly Sight[]) => readonly Sight[],
  silenceMs?: number,
): Scenario {
  return async (stage) => {
    const played = Object.entries(all).map(async ([what, act]) => {
      const own = { ...stage, name: `${stage.name}.${what}` }
      const peer = await enter(own)
      await act(peer, own)
      return [what, await peer.rest(silenceMs)] as const
    })
    for (const [what, seen] of await Promise.all(played)) stage.say(what, shown(seen))
  }
}

function withoutTexts(seen: readonly Sight[]): readonly Sight[] {
  return seen.map((sight) => {
    if (sight[1] !== 'connection.close') return sight
    const { replyText: _, ...codes } = sight[2] as { replyText: string }
    return [sight[0], sight[1], codes]
  })
}
