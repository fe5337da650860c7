/** Runs in Node's loader thread and changes one line of one module at load time. */
import { isMutationName, mutationMarker, mutations } from './mutations.ts'

interface Loaded {
  format?: string | null
  source?: string | ArrayBuffer | Uint8Array
}

const mutation = new URL(import.meta.url).searchParams.get('mutation') ?? ''

/**
 * @throws Error when the module does not contain the line exactly once: a mutation without effect
 * would prove nothing
 */
export async function load(
  url: string,
  context: object,
  nextLoad: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await nextLoad(url, context)
  if (!isMutationName(mutation)) throw new Error(`unknown mutation "${mutation}"`)
  const { file, from, to } = mutations[mutation]
  if (!url.endsWith(file)) return loaded
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} contains ${parts.length - 1} times: ${from}`)
  return { ...loaded, source: `${parts.join(to)}\nconsole.log('${mutationMarker(mutation)}')\n` }
}
