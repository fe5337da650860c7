/**
 * Builds the command line from the tables of commands: parsing, help and errors are commander's.
 */
import { Command, CommanderError, Option } from 'commander'
import type { CommandTable } from './command.ts'
import { completionScript } from './completion.ts'
import { type Options, optionSpecs, UsageError } from './options.ts'

export interface Invocation {
  name: string
  operands: string[]
  options: Options
}

/** Runs the command that was parsed; returns the exit code. */
export type RunCommand = (invocation: Invocation) => Promise<number>

interface CommandSpec {
  description: string
  operands?: string
  options?: readonly (keyof Options)[]
}

const groups: Readonly<Record<string, string>> = {
  users: 'manage accounts',
  sessions: 'list and end sessions',
  clients: 'manage service clients',
  keys: 'rotate the keys that sign access tokens',
  audit: 'read the audit log',
  guards: 'list guards',
  receipts: 'read receipts of revocations',
}

const helpText = `
USER is an id or an e-mail address. Commands of the API use the log-in that \`gatehouse login\` saves in GATEHOUSE_HOME
or ~/.config/gatehouse. A command that needs a recent log-in asks for the password, or reads it from CURRENT_PASSWORD.
Commands of the database use DATABASE_URL or DATABASE_URL_FILE and print one line of JSON.

Commands that end sessions, delete, or withdraw a key ask first; \`--yes\` answers them.
Completion: source <(gatehouse completion)

Exit codes: 0 done, 1 refused, 2 usage or configuration error, 3 not logged in, 4 committed but not yet in force,
5 not available now.`

export interface Commands {
  api: CommandTable
  database: Readonly<Record<string, CommandSpec>>
  runApi: RunCommand
  runDatabase: RunCommand
}

/**
 * Parses the arguments strictly and runs the command: an unknown option, an option of another
 * command, or an extra argument is an error, and nothing runs.
 * @returns the exit code of the command; 0 after `--help`
 * @throws UsageError
 */
export async function runProgram(args: readonly string[], { api, database, runApi, runDatabase }: Commands) {
  let code = 0
  const program = newCommand('gatehouse').description('Administers the auth service.').addHelpText('after', helpText)
  const groupCommands = new Map<string, Command>()

  const add = (name: string, spec: CommandSpec, run: RunCommand) => {
    const [first = '', second] = name.split(' ')
    const parent = second === undefined ? program : groupOf(first)
    const command = newCommand(second ?? first).description(spec.description)
    if (spec.operands !== undefined) command.arguments(spec.operands)
    const names = [...(spec.options ?? []), 'json'] as const
    command.exitOverride(error => {
      throw error.code === 'commander.excessArguments' ? usageErrorOf(error, hintOf(spec)) : error
    })
    for (const option of names) addOption(command, option)
    command.action(async () => {
      // Two options of different commands can have the same flag.
      const options = Object.fromEntries(names.map(option => [option, command.getOptionValue(attributeOf(option))]))
      code = await run({ name, operands: command.args, options })
    })
    parent.addCommand(command)
  }
  const groupOf = (name: string) => {
    const known = groupCommands.get(name)
    if (known) return known
    const group = newCommand(name).description(groups[name] ?? '')
    groupCommands.set(name, group)
    program.addCommand(group)
    return group
  }

  program.commandsGroup('Commands of the API:')
  for (const [name, spec] of Object.entries(api)) add(name, spec, runApi)
  program.commandsGroup('Commands of the database:')
  for (const [name, spec] of Object.entries(database)) add(name, spec, runDatabase)
  program.commandsGroup('Shell:')
  const completion = newCommand('completion').description('print the completion of bash and zsh')
  program.addCommand(completion.action(() => console.log(completionScript(program))))
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0) throw usageErrorOf(error)
  }
  return code
}

function usageErrorOf({ message }: CommanderError, hint = ''): UsageError {
  const sentence = message
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
  return new UsageError(`${sentence}${hint}; see gatehouse help`)
}

/** An account is the argument of some commands, and the value of an option of others. */
function hintOf({ operands, options = [] }: CommandSpec): string {
  const flags = userOptions.filter(name => options.includes(name)).map(name => `--${name}`)
  return operands !== undefined || flags.length === 0 ? '' : `: use ${flags.join(' or ')}`
}

const userOptions = ['email', 'account', 'actor', 'target'] as const

function newCommand(name: string): Command {
  // Errors are printed by the caller.
  return new Command(name).exitOverride().configureOutput({ outputError: () => undefined })
}

/** The name under which commander keeps the value. */
function attributeOf(name: keyof Options): string {
  return new Option(optionSpecs[name].flags).attributeName()
}

function addOption(command: Command, name: keyof Options): void {
  const { flags, description, isList } = optionSpecs[name]
  if (isList) command.option(flags, description, (value: string, values: string[] = []) => [...values, value])
  else command.option(flags, description)
}
