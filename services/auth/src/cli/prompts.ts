/** Asks on the terminal: for a password, or before a command destroys something. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './options.ts'

/** Reads a line without an echo; '' when the input has ended. */
export function askSecretly(question: string): Promise<string> {
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: muted, terminal: process.stdin.isTTY })
  // Only now the terminal does not echo: a password that is pasted at once stays hidden.
  process.stderr.write(question)
  return new Promise(resolve => {
    reader.once('line', line => {
      process.stderr.write('\n')
      // `close` resolves too, and comes before `close()` returns.
      resolve(line)
      reader.close()
    })
    reader.once('close', () => resolve(''))
  })
}

/** @throws UsageError unless the answer is yes; without a terminal nothing can be asked */
export async function askToContinue(effect: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError(`${effect} Add --yes: there is no terminal to ask on`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await new Promise<string>(resolve => {
    terminal.question(`${effect} Continue? [y/N] `, resolve)
    // Ctrl-C and Ctrl-D.
    terminal.on('close', () => resolve(''))
  })
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done')
}
