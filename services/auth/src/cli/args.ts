/** What can be typed after `gatehouse`, and what is said when it was mistyped. */
import { parseArgs } from 'node:util'

/** The words are wrong: the message says which, and what is wanted. */
export class UsageError extends Error {}

const one = { type: 'string' } as const
const many = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const

const options = {
  email: one,
  id: one,
  name: one,
  role: many,
  scope: many,
  url: one,
  reason: one,
  state: one,
  limit: one,
  device: one,
  account: many,
  network: one,
  client: one,
  before: one,
  overlap: one,
  actor: one,
  target: one,
  action: one,
  outcome: one,
  from: one,
  until: one,
  wait: one,
  confirm: one,
  'must-change': flag,
  'dry-run': flag,
  myself: flag,
  json: flag,
  help: flag,
} as const

export interface CommandArgs {
  /** What stands before the options and is no option: the command, and what it is about. */
  operands: string[]
  options: Options
}
export type Options = ReturnType<typeof parse>['values']

/** @throws UsageError */
export function parseCommandArgs(args: string[]): CommandArgs {
  try {
    const { values, positionals } = parse(args)
    return { operands: positionals, options: values }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'cannot read the options')
  }
}

function parse(args: string[]) {
  return parseArgs({ args, options, allowPositionals: true })
}

/** @throws UsageError naming the option */
export function requireOption(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value
  throw new UsageError(`${name} is missing`)
}

/** @throws UsageError */
export function parseTime(text: string): string {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new UsageError(`"${text}" is not a time, as 2026-11-23 or 2026-11-23T20:00:00Z`)
  return time.toISOString()
}
