/** What tests and the local stack may use. */
export { type Answer, type Call, type CallOptions, caller, codeOf } from './caller.ts'
export { type HalfOpenProxy, halfOpenProxy } from './halfOpenProxy.ts'
export { type HandClock, handClock } from './handClock.ts'
export { freePort } from './ports.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
export { imageEnv, type ProcessOptions, startProcess, type TestProcess } from './processes.ts'
export { databaseUrl, freshDatabase, onServer, type TestDatabase } from './testDatabase.ts'
export { type Wire, wire } from './wire.ts'
