/** Checks the model with Spin: the assertions must hold, and each mutation must violate one. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Search {
  name: string
  guards: number
  lease: number
  mutation?: string
  /** The database has lost its last commits. */
  hasFailedOver?: boolean
}

interface SearchResult {
  isBroken: boolean
  /** The search visited every state within the limits of memory and depth. */
  isWhole: boolean
  states: number
}

const model = fileURLToPath(new URL('../../model/barrier.pml', import.meta.url))
const mutations = {
  FROM_ANSWER: 'lease counted from the response',
  READ_FIRST: 'entries read before the row is written',
  BELIEVE_ABANDONED: 'the response to an abandoned poll accepted',
  SHORT_ROW: "a row lease shorter than the guard's",
  LATE_LOWERS: "a late poll shortens the row's lease",
  UNCAPPED: 'a guard that lacks the entry gets a whole lease',
}
const failOverMutations = {
  NOT_NOTICED: 'lost commits that no replica notices',
  NOT_HELD: 'no hold after lost commits',
  FEED_KEPT: 'the same feed after lost commits',
  OLD_CURSOR: 'a cursor of the lost feed counts',
}
const searches: Search[] = [
  { name: 'the protocol, one guard', guards: 1, lease: 3 },
  { name: 'the protocol, two guards', guards: 2, lease: 2 },
  ...Object.entries(mutations).map(([mutation, name]) => ({ name, guards: 1, lease: 3, mutation })),
  { name: 'the last commits are lost', guards: 1, lease: 3, hasFailedOver: true },
  ...Object.entries(failOverMutations).map(([mutation, name]) => ({
    name,
    guards: 1,
    lease: 3,
    mutation,
    hasFailedOver: true,
  })),
]

process.exitCode = run()

function run(): number {
  const missing = ['spin', 'gcc'].filter(tool => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length > 0) {
    console.error(
      `The model needs ${missing.join(' and ')}, not found: install them, for example with apt-get install spin gcc.`,
    )
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-model-'))
  try {
    const results = searches.map(wanted => report(wanted, search(wanted, folder)))
    const isProved = results.every(isExpected => isExpected)
    console.log(isProved ? 'The model holds, and every mutation is caught.' : 'FAILED: see above.')
    return isProved ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Searches every state. States are stored compressed, not as hashes, so none is skipped. */
function search({ guards, lease, mutation, hasFailedOver = false }: Search, folder: string): SearchResult {
  const names = [...(mutation === undefined ? [] : [mutation]), ...(hasFailedOver ? ['FAILOVER'] : [])]
  const chosen = [`-DGUARDS=${guards}`, `-DL=${lease}`, ...names.map(name => `-D${name}`)]
  call('spin', { args: ['-a', ...chosen, model], folder })
  call('gcc', { args: ['-O2', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=1900', '-o', 'pan', 'pan.c'], folder })
  const report = call('./pan', { args: ['-m1000000', '-w22'], folder })
  const states = /(\d+) states, stored/.exec(report)?.[1]
  const errors = /errors: (\d+)/.exec(report)?.[1]
  if (states === undefined || errors === undefined) throw new Error(`cannot parse Spin's report:\n${report}`)
  const isWhole = !/search depth too small|out of memory|search not completed/.test(report)
  return { isBroken: errors !== '0', isWhole, states: Number(states) }
}

function report({ name, guards, lease, mutation }: Search, { isBroken, isWhole, states }: SearchResult): boolean {
  const isExpected = mutation === undefined ? !isBroken && isWhole : isBroken
  const result = isBroken ? 'broken' : isWhole ? 'holds' : 'incomplete'
  const size = `${guards} guard${guards === 1 ? '' : 's'}, L = ${lease}`
  const count = states.toLocaleString('en').padStart(10)
  console.log(
    `${isExpected ? 'as expected ' : 'UNEXPECTED  '}  ${result.padEnd(7)} ${count} states  ${size.padEnd(16)}  ${name}`,
  )
  return isExpected
}

function call(command: string, { args, folder }: { args: string[]; folder: string }): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}
