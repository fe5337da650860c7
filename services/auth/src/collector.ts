/**
 * Gives V8's collector room.
 *
 * What lives in this process for long is some 35 MB, and by its own rule V8 goes through all of it whenever half as much has
 * come on top: under load every three seconds, and for 30 ms its threads and ours share the cores, so that one renewal in
 * fifty is late. Four times as much before it looks makes that rarer than one in a hundred (docs/performance.md).
 */
import { setFlagsFromString } from 'node:v8'

export function giveCollectorRoom(): void {
  setFlagsFromString('--heap-growing-percent=300')
}
