/**
 * Preloaded into each test by `.taprc`: processes that a test starts run without coverage. They run
 * bundles and foreign programs (npm, the TypeScript compiler, Prisma), and would take a third more
 * CPU time.
 */
delete process.env['NODE_OPTIONS']
