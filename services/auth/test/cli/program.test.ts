/** Each command accepts only its own options and arguments; otherwise nothing runs. */
import t from 'tap'
import { auditCommands } from '../../src/cli/auditCommands.ts'
import { clientCommands } from '../../src/cli/clientCommands.ts'
import { clientKeyCommands } from '../../src/cli/clientKeyCommands.ts'
import type { CommandTable } from '../../src/cli/command.ts'
import { databaseCommandSpecs } from '../../src/cli/databaseCommandSpecs.ts'
import { type Options, optionSpecs } from '../../src/cli/options.ts'
import { type Invocation, runProgram } from '../../src/cli/program.ts'
import { sessionCommands } from '../../src/cli/sessionCommands.ts'
import { userCommands } from '../../src/cli/userCommands.ts'

const api: CommandTable = {
  ...userCommands,
  ...sessionCommands,
  ...clientCommands,
  ...clientKeyCommands,
  ...auditCommands,
}
const specs: Record<string, { description: string; operands?: string; options?: readonly (keyof Options)[] }> = {
  ...api,
  ...databaseCommandSpecs,
}

const isUsageError = {
  message: /(unknown option|too many arguments|missing required argument).*; see gatehouse help$/,
}

async function invocations(...args: string[]): Promise<Invocation[]> {
  const run: Invocation[] = []
  const record = async (invocation: Invocation) => {
    run.push(invocation)
    return 0
  }
  await runProgram(args, { api, database: databaseCommandSpecs, runApi: record, runDatabase: record })
  return run
}

t.test('program: `sessions end-all --dry-run` is refused and nothing runs', async t => {
  await t.rejects(invocations('sessions', 'end-all', '--confirm', 'end every session', '--dry-run'), isUsageError)
})

for (const [name, { operands = '', options = [] }] of Object.entries(specs)) {
  t.test(`program: \`${name}\` accepts its own options and refuses all others`, async t => {
    const words = [...name.split(' '), ...operands.split(' ').filter(operand => operand !== '')]
    for (const [option, { flags }] of Object.entries(optionSpecs)) {
      const [flag = '', value] = flags.split(' ')
      const args = [...words, flag, ...(value === undefined ? [] : ['7'])]
      const isOwn = option === 'json' || options.includes(option as keyof Options)
      // Another option of the command has the same flag.
      if (!isOwn && options.some(own => optionSpecs[own].flags.split(' ')[0] === flag)) continue
      if (isOwn) t.match(await invocations(...args), [{ name }], args.join(' '))
      else await t.rejects(invocations(...args), isUsageError, args.join(' '))
    }
    await t.rejects(invocations(...words, 'extra'), isUsageError, 'an extra argument')
    await t.rejects(invocations(...words, '--unknown'), isUsageError)
    if (operands !== '') await t.rejects(invocations(...name.split(' ')), isUsageError, 'a missing argument')
  })
}

t.test('program: passes operands, repeated options and flags to the command', async t => {
  t.match(await invocations('users', 'set-rights', 'ada', '--role', 'a', '--role', 'b', '--myself'), [
    { name: 'users set-rights', operands: ['ada'], options: { role: ['a', 'b'], myself: true } },
  ])
})
