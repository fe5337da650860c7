/**
 * Processes that a test starts run without coverage. They run bundles and foreign programs (npm, the
 * TypeScript compiler, Prisma), which coverage leaves out and slows down.
 */

/** The package process-on-spawn, by which tap adds its hooks to the environment of each process. */
const state = Symbol.for('process-on-spawn@*:singletonId')

/** One option of `NODE_OPTIONS`, perhaps in quotes. */
const option = /"(?:[^"\\]|\\.)*"|\S+/g

interface Spawn {
  env: Record<string, string>
}

const hooks = (globalThis as { [state]?: { listeners: ((spawn: Spawn) => void)[] } })[state]
hooks?.listeners.push(spawn => {
  const { NODE_OPTIONS, ...env } = spawn.env
  // The caller's own options stay, such as a module that changes the program under test.
  const options = NODE_OPTIONS?.match(option)?.filter(text => !text.includes('@tapjs')) ?? []
  spawn.env = options.length === 0 ? env : { ...env, NODE_OPTIONS: options.join(' ') }
})
