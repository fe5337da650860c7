/** The public parts of the test kit. */

export * from './fakeAuth.ts'
export { type FakeClock, fakeClock } from './fakeClock.ts'
export { type HalfOpenProxy, halfOpenProxy } from './halfOpenProxy.ts'
export { type Call, type CallOptions, codeOf, type HttpResponse, httpClient } from './httpClient.ts'
export { installOnDemand } from './installOnDemand.ts'
export { type PgProxy, pgProxy } from './pgProxy.ts'
export { freePort } from './ports.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
export * from './problemAssertions.ts'
export { imageEnv, type ProcessOptions, startProcess, type TestProcess } from './processes.ts'
export { databaseUrl, freshDatabase, onServer, type TestDatabase } from './testDatabase.ts'
export * from './testTokens.ts'
