/** Splits a CPU profile by whose code ran: each sample belongs to the nearest caller whose name is known. */

/** As V8 writes it. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

/** A share of the time, and the code that it stands for. */
export interface Owner {
  name: string
  /** Part of the URL of the code. */
  where: RegExp
}

/** @returns milliseconds of each owner, with `collector`, `idle` and `rest` */
export function splitOf(profile: CpuProfile, owners: readonly Owner[]): Map<string, number> {
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map(child => [child, id] as const)))
  const known = new Map<number, string>()

  const ownerOf = (id: number): string => {
    const found = known.get(id)
    if (found !== undefined) return found
    const { functionName = '', url = '' } = nodes.get(id)?.callFrame ?? {}
    const parent = parents.get(id)
    const own =
      byFunction.get(functionName) ??
      owners.find(({ where }) => where.test(`${url}#${functionName}`))?.name ??
      (parent === undefined ? 'rest' : ownerOf(parent))
    known.set(id, own)
    return own
  }

  const split = new Map<string, number>()
  for (const [at, id] of profile.samples.entries()) {
    const name = ownerOf(id)
    split.set(name, (split.get(name) ?? 0) + (profile.timeDeltas[at] ?? 0) / 1000)
  }
  return split
}

const byFunction: ReadonlyMap<string, string> = new Map([
  ['(idle)', 'idle'],
  ['(garbage collector)', 'collector'],
])
