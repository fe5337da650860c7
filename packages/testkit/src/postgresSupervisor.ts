/**
 * The parent of postgres. The process that started it holds the only other end of its standard
 * input. A line on it stops the server. An end without a line, as after SIGKILL, stops the server
 * and removes the temporary directory.
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { SupervisorInput } from './postgresServer.ts'

const { program, stopProgram, cwd, owner, temporaryDir } = JSON.parse(process.argv[2] ?? '') as SupervisorInput
const [file = '', ...args] = program
const server = spawn(file, args, { ...owner, cwd, stdio: ['ignore', 'inherit', 'inherit'], windowsHide: true })
process.stdout.write(`pid ${server.pid}\n`)
// This process ends only with the server, and its output may have no reader.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop())
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

let mustRemove = false
let hasLine = false
process.stdin.on('data', () => {
  hasLine = true
})
process.stdin.on('close', () => {
  mustRemove = !hasLine
  stop()
})

function stop(): void {
  const [command, ...rest] = stopProgram ?? []
  if (command === undefined) server.kill('SIGINT')
  else spawn(command, rest, { ...owner, cwd, stdio: 'ignore', windowsHide: true }).on('error', () => server.kill())
}

server.on('error', error => {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
})
server.on('exit', () => {
  if (mustRemove && temporaryDir !== undefined) rmSync(temporaryDir, { recursive: true, force: true })
  process.exit(0)
})
