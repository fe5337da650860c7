/** A network that delays, drops, duplicates and reorders messages, and can be cut in one direction. */
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

export interface Network {
  /** Delivers a message later: once, twice or never. */
  send: (line: { from: string; to: string }, deliver: () => void) => void
  /** Cuts one direction. The other still works, as in a half-open connection. */
  cut: (line: { from: string; to: string }, forMs: number) => void
  /** From now on no message is lost or slow. */
  calm: () => void
}

export function createNetwork(timeline: Timeline, random: Random): Network {
  const dropProbability = random.pick([0, 0.01, 0.05, 0.2])
  const repeatProbability = random.pick([0, 0.02, 0.1])
  const slowProbability = random.pick([0.01, 0.05, 0.2])
  const maxDelayMs = random.pick([100, 400, 1500])
  const cuts = new Map<string, number>()
  let isCalm = false

  const delayMs = () => {
    if (!isCalm && random.happens(slowProbability)) return random.between(5, maxDelayMs)
    return random.between(0.5, 4)
  }
  const send: Network['send'] = ({ from, to }, deliver) => {
    const isCut = (cuts.get(`${from}>${to}`) ?? 0) > timeline.trueMs()
    if (!isCalm && (isCut || random.happens(dropProbability))) return
    timeline.after(delayMs(), deliver)
    if (!isCalm && random.happens(repeatProbability)) timeline.after(delayMs(), deliver)
  }
  const cut: Network['cut'] = ({ from, to }, forMs) => {
    cuts.set(`${from}>${to}`, timeline.trueMs() + forMs)
  }
  const calm = () => {
    isCalm = true
  }
  return { send, cut, calm }
}
