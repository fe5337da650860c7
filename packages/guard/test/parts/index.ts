/** For the tests of services that use the guard: a small auth service, tokens. Not part of the package as published. */

export * from '@gatehouse/testkit'
export * from '@gatehouse/testkit'
export * from '../helpers/guardedApp.ts'
