/**
 * Processes that a test starts run without coverage. They run bundles and foreign programs (npm, the
 * TypeScript compiler, Prisma), which coverage leaves out and slows down.
 */

/** The package process-on-spawn, by which tap adds its hooks to the environment of each process. */
const state = Symbol.for('process-on-spawn@*:singletonId')

interface Spawn {
  env: Record<string, string>
}

const hooks = (globalThis as { [state]?: { listeners: ((spawn: Spawn) => void)[] } })[state]
hooks?.listeners.push(spawn => {
  const { NODE_OPTIONS: _, ...env } = spawn.env
  spawn.env = env
})
