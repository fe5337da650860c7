/** Asks on the terminal before a command destroys something. */
import { createInterface } from 'node:readline/promises'
import { UsageError } from './options.ts'

/** @throws UsageError unless the answer is yes; without a terminal nothing can be asked */
export async function askToContinue(effect: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError(`${effect} Add --yes: there is no terminal to ask on`)
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await new Promise<string>(resolve => {
    terminal.question(`${effect} Continue? [y/N] `).then(resolve)
    // Ctrl-C and Ctrl-D.
    terminal.on('close', () => resolve(''))
  })
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done')
}
