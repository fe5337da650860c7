/** Each command accepts only its own options and arguments; otherwise nothing runs. */
import t from 'tap'
import { problemOf } from '../../src/cli/api.ts'
import { apiCommands } from '../../src/cli/apiCommands.ts'
import { databaseCommandSpecs } from '../../src/cli/databaseCommandSpecs.ts'
import { type Options, optionSpecs } from '../../src/cli/options.ts'
import { type Invocation, runProgram } from '../../src/cli/program.ts'

const specs: Record<string, { description: string; operands?: string; options?: readonly (keyof Options)[] }> = {
  ...apiCommands,
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
  await runProgram(args, { api: apiCommands, database: databaseCommandSpecs, runApi: record, runDatabase: record })
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

t.test('program: an address that is an option of the command is refused with the name of the option', async t => {
  await t.rejects(invocations('users', 'create', 'bob@example.org'), {
    message: "too many arguments for 'create'. Expected 0 arguments but got 1: use --email; see gatehouse help",
  })
  await t.rejects(invocations('audit', 'list', 'ada@example.org'), { message: /: use --actor or --target;/ })
  await t.rejects(invocations('sessions', 'end-matching', 'ada@example.org'), { message: /: use --account;/ })
  await t.rejects(invocations('users', 'show', 'ada', 'bob'), { message: /got 2; see/ }, 'an operand has no option')
})

t.test('program: a value of a wrong form is refused in words, before any request', async t => {
  const context = {
    options: {},
    operands: ['nonsense'],
    api: { call: () => t.fail('a request'), stream: () => t.fail() },
  }
  const run = async (name: string, options: Options = {}) => apiCommands[name]?.run({ ...context, options } as never)
  await t.rejects(run('sessions end'), { message: '"nonsense" is not a session id' })
  await t.rejects(run('receipts show'), { message: '"nonsense" is not the number of a receipt' })
  await t.rejects(run('keys withdraw'), { message: '"nonsense" is not the id of a key' })
  await t.rejects(run('users show'), { message: '"nonsense" is not an id or an e-mail address of an account' })
  await t.rejects(run('users create', { email: 'notanemail' }), { message: '"notanemail" is not an e-mail address' })
})

t.test('problem: a detail that repeats the title is printed once', async t => {
  const problem = { code: 'credentials-invalid', title: 'The password is wrong.', detail: 'The password is wrong.' }
  const { message } = await problemOf(new Response(JSON.stringify(problem)))
  t.equal(message, 'The password is wrong. (credentials-invalid)')
  const other = await problemOf(new Response(JSON.stringify({ ...problem, detail: 'Wait.' })))
  t.equal(other.message, 'The password is wrong. (credentials-invalid) Wait.')
})
