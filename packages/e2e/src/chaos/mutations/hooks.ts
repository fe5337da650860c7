/** Runs in Node's loader thread: changes one line of one module as it is loaded. */
import { changes, confession, isMistake } from './mutations.ts'

interface Loaded {
  format?: string | null
  source?: string | ArrayBuffer | Uint8Array
}

const mistake = new URL(import.meta.url).searchParams.get('mistake') ?? ''

/** @throws Error when the line is not there: a mistake that changes nothing would prove nothing */
export async function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await nextLoad(url, context)
  if (!isMistake(mistake)) throw new Error(`nobody knows the mistake "${mistake}"`)
  const { file, from, to } = changes[mistake]
  if (!url.endsWith(file)) return loaded
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`)
  return { ...loaded, source: `${parts.join(to)}\nconsole.log('${confession(mistake)}')\n` }
}
