/**
 * Gives V8's collector room, and keeps what is short-lived out of what it keeps for long (docs/performance.md).
 *
 * What lives here for long is some 35 MB, and V8 goes through all of it whenever half as much has come on top. Under load that was
 * every three seconds, and for 30 ms its threads and ours shared the cores: one renewal in fifty was late. Most of what
 * came on top was dead: V8 had learnt to make the objects of a request where the long-lived ones are, and whatever hung on
 * them followed. So it does not learn that here, and lets four times as much come together before it looks.
 */
import { setFlagsFromString } from 'node:v8'

export function setGarbageCollectorFlags(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
  setFlagsFromString('--heap-growing-percent=300')
}
