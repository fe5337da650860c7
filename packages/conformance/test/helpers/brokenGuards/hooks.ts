/** Runs in Node's loader thread and changes modules of the guard at load time. */
import { type Fault, faults } from './faults.ts'

interface Loaded {
  format?: string | null
  source?: string | ArrayBuffer | Uint8Array
}

const name = new URL(import.meta.url).searchParams.get('fault') ?? ''
const fault: Fault | undefined = faults[name as keyof typeof faults]

/**
 * @throws Error when a module does not contain the text exactly once: a fault without effect would
 *   prove nothing
 */
export async function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  if (fault === undefined) throw new Error(`unknown fault "${name}"`)
  const loaded = await nextLoad(url, context)
  const edits = fault.edits.filter(({ file }) => url.endsWith(file))
  if (edits.length === 0) return loaded
  let source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  for (const { file, from, to } of edits) {
    const parts = source.split(from)
    if (parts.length !== 2) throw new Error(`${file} contains ${parts.length - 1} times: ${from}`)
    source = parts.join(to)
  }
  return { ...loaded, source }
}
