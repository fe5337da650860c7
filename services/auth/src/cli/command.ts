/** The form of a command that calls the API, and of its result. */
import type { Api } from './api.ts'
import type { Options } from './options.ts'
import type { ReportProgress } from './progress.ts'

/** The exit codes of the process. */
export const exitCodes = {
  done: 0,
  refused: 1,
  usage: 2,
  notLoggedIn: 3,
  /**
   * The revocation is committed and not yet in force: `gatehouse receipts show SEQ` waits for it
   * again.
   */
  notYetInForce: 4,
  /** The service could not be reached, or asks to try again. */
  unavailable: 5,
} as const

export interface CommandContext {
  api: Api
  /** The arguments after the name of the command. */
  operands: readonly string[]
  options: Options
  /**
   * The variable PASSWORD. Secrets are not arguments, because every process of the machine can read
   * those.
   */
  password: string | undefined
  reportProgress: ReportProgress
  /**
   * Asks on the terminal before something is destroyed, unless `--yes` was given.
   * @param effect what the command does, as a sentence
   * @throws UsageError when the answer is not yes, or there is no terminal
   */
  confirm: (effect: string) => Promise<void>
}

export interface Result {
  /** For `--json`. */
  data: unknown
  /** For the terminal. */
  text: string
  code?: number
}

export interface ApiCommand {
  description: string
  /** In the notation of commander, such as `<user>`. */
  operands?: string
  options?: readonly (keyof Options)[]
  /** The command ends sessions, deletes, or withdraws a key: it asks before it runs, unless `--yes` is given. */
  isDestructive?: true
  run: (context: CommandContext) => Promise<Result>
}

/** By the name of the command, such as `users list`. */
export type CommandTable = Readonly<Record<string, ApiCommand>>

/** @returns the members that are not undefined */
export function withoutUndefined<Value>(members: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Record<string, Value>
}
