/** Writes `src/problems.ts` from the contract's table, so that the published client needs no other package. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { problems } from '@gatehouse/contract'

/** @returns the text of `src/problems.ts` */
export function generateProblems() {
  const rows = Object.entries(problems).map(([code, { status, action, title }]) => {
    const key = /^[a-z]+$/.test(code) ? code : quote(code)
    return `  ${key}: row(${status}, ${quote(action)}, ${quote(title)}),`
  })
  return `/** Generated from packages/contract by scripts/generateProblems.mjs: status, action and title of each problem. */

/** A bundle has the table only where it is read. @__NO_SIDE_EFFECTS__ */
function row<Status extends number, Action extends string>(status: Status, action: Action, title: string) {
  return { status, action, title }
}

export const problems = {
${rows.join('\n')}
}

/** The \`code\` of a problem. */
export type ProblemCode = keyof typeof problems

/**
 * What the client does next. \`renew\`: get a new access token, then repeat the request once. \`login\`: the session is over.
 * \`reauthenticate\`: confirm the password, then repeat the request. \`stop\`: repeating does not help. \`retry\`: the same request later.
 */
export type Action = (typeof problems)[ProblemCode]['action']
`
}

function quote(text) {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`
}

const file = fileURLToPath(new URL('../src/problems.ts', import.meta.url))
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, generateProblems())
