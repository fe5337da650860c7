/** The committed figures as Markdown, for the documentation tools. */
export * from './figures.ts'
