/** For the tests of services that use the guard: a small auth service, tokens. Not part of the package as published. */
export * from './guarded.ts'
export * from './smallAuth.ts'
export * from './tokens.ts'
