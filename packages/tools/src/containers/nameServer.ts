/** A name server that resolves service names to replicas, as container engines provide it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Names = Readonly<Record<string, readonly string[]>>

export interface NameServer {
  address: string
  update: (names: Names) => void
  stop: () => Promise<void>
}

/** An address on which no name server of the machine listens. */
const address = '127.0.0.77'

export async function startNameServer(folder: string, names: Names): Promise<NameServer> {
  const hosts = join(folder, 'hosts')
  write(hosts, names)
  const options = [
    '--no-daemon',
    '--no-resolv',
    '--no-hosts',
    '--no-poll',
    '--local=//',
    `--addn-hosts=${hosts}`,
    '--local-ttl=1',
  ]
  const child = spawn(
    'dnsmasq',
    ['--conf-file=/dev/null', ...options, `--listen-address=${address}`, '--bind-interfaces'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  await started(child)
  return {
    address,
    update: changed => {
      write(hosts, changed)
      child.kill('SIGHUP')
    },
    stop: async () => {
      child.kill()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

/** Keeps reading the output: dnsmasq writes a line on each update. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stderr?.setEncoding('utf8').on('data', chunk => {
      output += chunk
      if (/read \/.*hosts/.test(output)) resolve()
    })
    child.on('exit', () => reject(new Error(`dnsmasq ended:\n${output}`)))
    child.on('error', reject)
  })
}

function write(hosts: string, names: Names): void {
  const lines = Object.entries(names).flatMap(([name, addresses]) => addresses.map(each => `${each} ${name}`))
  writeFileSync(hosts, `${lines.join('\n')}\n`)
}
