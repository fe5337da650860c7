/** Runs in Node's loader thread and changes one line of a module at load time. */
import { type Edit, isMutationName, mutationMarker, mutations } from './mutations.ts'

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
  const edits: readonly Edit[] = mutations[mutation].edits
  const edit = edits.find(({ file }) => url.endsWith(file))
  if (edit === undefined) return loaded
  const { file, from, to } = edit
  const text = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} contains ${parts.length - 1} times: ${from}`)
  return { ...loaded, source: `${parts.join(to)}\nconsole.log('${mutationMarker(mutation)}')\n` }
}
