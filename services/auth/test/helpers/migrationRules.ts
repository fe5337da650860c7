/**
 * Finds statements of a migration that would lock a large table for long, or that the release before cannot run
 * beside (CONTRIBUTING.md, "Add a migration").
 */

const name = String.raw`(?:"?\w+"?\.)?"?(\w+)"?`
/** PostgreSQL evaluates these once for the statement, and stores the value without a rewrite of the table. */
const stableDefaults = /\b(now\(\)|CURRENT_TIMESTAMP|statement_timestamp\(\)|transaction_timestamp\(\))/gi

interface Rule {
  pattern: RegExp
  why: string
  /** Whether a statement that matches is allowed nevertheless. */
  unless?: (statement: string, earlier: string) => boolean
}

const rules: readonly Rule[] = [
  { pattern: /^CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY)/i, why: 'creates an index without CONCURRENTLY' },
  { pattern: /^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?!IF NOT EXISTS)/i, why: 'cannot be repeated' },
  {
    pattern: /\bSET NOT NULL\b/i,
    why: 'sets NOT NULL without a validated check',
    unless: (statement, earlier) => {
      const column = /ALTER COLUMN "?(\w+)"? SET NOT NULL/i.exec(statement)?.[1] ?? ''
      const check = new RegExp(String.raw`ADD CONSTRAINT "?(\w+)"? CHECK \("?${column}"? IS NOT NULL\) NOT VALID`, 'i')
      const constraint = check.exec(earlier)?.[1]
      return constraint !== undefined && new RegExp(`VALIDATE CONSTRAINT "?${constraint}"?`, 'i').test(earlier)
    },
  },
  {
    pattern: /\bADD COLUMN\b.*?\bDEFAULT\b[^,]*\(/i,
    why: 'adds a column with a volatile default',
    unless: statement => !/\bDEFAULT\b[^,]*\(/i.test(statement.replace(stableDefaults, '')),
  },
  { pattern: /\bADD COLUMN\b[^,]*\b((BIG|SMALL)?SERIAL|GENERATED)\b/i, why: 'adds a column whose values are computed' },
  {
    pattern: /\b(SET DATA )?TYPE\b.*/i,
    why: 'changes the type of a column',
    unless: text => !/^ALTER TABLE/i.test(text),
  },
  {
    pattern: /\bADD CONSTRAINT\b.*\b(CHECK|FOREIGN KEY)\b/i,
    why: 'adds a constraint without NOT VALID',
    unless: statement => /\bNOT VALID$/i.test(statement),
  },
  {
    pattern: /\bADD CONSTRAINT\b.*\b(UNIQUE|PRIMARY KEY|EXCLUDE)\b/i,
    why: 'adds a unique constraint without USING INDEX',
    unless: statement => /\bUSING INDEX\b/i.test(statement),
  },
  { pattern: /^(UPDATE|DELETE FROM) /i, why: 'changes rows: housekeeping does so in batches' },
]

/** What an older release uses is gone, or it does not write what the schema demands. */
const breaking: readonly RegExp[] = [
  /^DROP (TABLE|VIEW|FUNCTION|SEQUENCE|TYPE)\b/i,
  /^ALTER TABLE\b.*\bDROP (?!CONSTRAINT\b|DEFAULT\b|NOT NULL\b)/i,
  /^ALTER\b.*\bRENAME\b/i,
  /\bADD COLUMN\b(?![^,]*\bDEFAULT\b)[^,]*\bNOT NULL\b/i,
]

/**
 * @param earlier the text of the migrations before
 * @returns one sentence for each fault; statements on tables that the migration creates are allowed
 */
export function migrationFaults(sql: string, earlier: string): string[] {
  const statements = statementsOf(sql)
  const created = statements.flatMap(
    text => new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${name}`, 'i').exec(text)?.[1] ?? [],
  )
  const isOnNewTable = (text: string) => {
    const table = new RegExp(
      `^(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX .*? ON|UPDATE|DELETE FROM) (?:ONLY )?${name}`,
      'i',
    )
    return created.includes(table.exec(text)?.[1] ?? '')
  }
  const existing = statements.filter(text => !isOnNewTable(text))
  const faults = existing.flatMap(text =>
    rules
      .filter(({ pattern, unless }) => pattern.test(text) && unless?.(text, statementsOf(earlier).join('\n')) !== true)
      .map(({ why }) => `${why}: ${text}`),
  )
  // The engine sends a migration as one transaction, and one statement without.
  if (statements.length > 1 && statements.some(text => /\bCONCURRENTLY\b/i.test(text)))
    faults.push('has other statements beside one with CONCURRENTLY, which runs in no transaction')
  const [adds, validates] = [/\bNOT VALID$/i, /\bVALIDATE CONSTRAINT\b/i].map(pattern =>
    existing.some(text => pattern.test(text)),
  )
  if (adds && validates) faults.push('adds and validates a constraint: the lock of the first lasts until the commit')
  const locks = existing.some(text => /^(ALTER|DROP) (TABLE|INDEX)\b/i.test(text) && !/\bCONCURRENTLY\b/i.test(text))
  if (locks && !/^SET LOCAL lock_timeout\b/i.test(statements[0] ?? ''))
    faults.push('does not begin with SET LOCAL lock_timeout, so requests queue behind its wait for the lock')
  if (!/\bFUNCTION "?oldest_supported_migration\b/i.test(sql))
    for (const text of existing.filter(statement => breaking.some(pattern => pattern.test(statement))))
      faults.push(`breaks the release before, and keeps oldest_supported_migration(): ${text}`)
  return faults
}

/** Without comments and function bodies, with single spaces. */
function statementsOf(sql: string): string[] {
  return sql
    .replace(/\$(\w*)\$.*?\$\1\$/gs, "''")
    .replace(/--[^\n]*|\/\*.*?\*\//gs, '')
    .split(';')
    .map(text => text.trim().replace(/\s+/g, ' '))
    .filter(text => text !== '')
}
