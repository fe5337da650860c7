/** A whole system as real processes, for tests, benchmarks and tools. */
export { problemPages, problems } from './gateway/problemPages.ts'
export { sendRaw } from './gateway/rawClient.ts'
export { secretQuery } from './gateway/secretQuery.ts'
export { tokenSize } from './gateway/tokenSize.ts'
export * from './scriptedFeed.ts'
export { residentMb } from './soak/memory.ts'
export * from './system.ts'
