/** The rules of the lease and of rotation, as pure functions. */
export * from './follower.ts'
export * from './replica.ts'
export * from './revocationIndex.ts'
export * from './rotation.ts'
