/** The one vocabulary of services, guard, client and documentation. */
export * from './claims.ts'
export * from './feed.ts'
export * from './outcomes.ts'
export * from './problem.ts'
export * from './refusal.ts'
export * from './revocations.ts'
export * from './sessions.ts'
