/** Reads a password from the terminal. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Reads a line without an echo. */
export function askSecretly(question: string): Promise<string> {
  process.stderr.write(question)
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: muted, terminal: process.stdin.isTTY })
  return new Promise(resolve => {
    reader.once('line', line => {
      reader.close()
      process.stderr.write('\n')
      resolve(line)
    })
    reader.once('close', () => resolve(''))
  })
}
