/** The public parts of the test kit. */

export { type ResponseRecord, recordResponses } from './documentedResponses.ts'

import './plainChildren.ts'

export * from './fakeAuth.ts'
export { type FakeClock, fakeClock } from './fakeClock.ts'
export { exampleOf, prepareCaddy, prepareNginx, recipeBlocks } from './gatewayRecipes.ts'
export { compileTypeScript, type GeneratedClient, runGeneratedClient } from './generatedClient.ts'
export { type GuardedService, type GuardFixture, guardFixture, untilReady } from './guardFixture.ts'
export { type HalfOpenProxy, halfOpenProxy } from './halfOpenProxy.ts'
export { type Call, type CallOptions, codeOf, type HttpResponse, httpClient } from './httpClient.ts'
export { installOnDemand } from './installOnDemand.ts'
export { interruptedCode, stopSignal } from './interrupt.ts'
export { type PgProxy, pgProxy } from './pgProxy.ts'
export { freePort, isListening, listenOnLoopback } from './ports.ts'
export { type Postgres, type PostgresOptions, startPostgres } from './postgres.ts'
export * from './problemAssertions.ts'
export { imageEnv, type ProcessOptions, startProcess, type TestProcess } from './processes.ts'
export { type Standby, type StandbyOptions, startStandby } from './standby.ts'
export { databaseUrl, freshDatabase, onServer, type TestDatabase } from './testDatabase.ts'
export * from './testTokens.ts'
export { eventTimeoutMs } from './timeouts.ts'
