/** The rules of lease, revocation index and refresh-token rotation, as pure functions. */
export * from './feedTime.ts'
export * from './follower.ts'
export * from './leases.ts'
export * from './revocationIndex.ts'
export * from './rotation.ts'
