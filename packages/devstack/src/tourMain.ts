/** `npx pnpm tour`: plays the story against the running stack, and shows each request and answer. */
import { systemClock } from '@gatehouse/clock'
import { readCredentials } from './secrets.ts'
import { type Answered, type Step, tour } from './tour.ts'

const timeoutMs = 30_000

async function main(): Promise<number> {
  const dataDir = process.env['GATEHOUSE_DATA'] ?? '.gatehouse'
  const credentials = readCredentials(dataDir)
  if (credentials === undefined) {
    console.error(`There is no stack in ${dataDir}: run \`npx pnpm start\` first, and leave it running.`)
    return 1
  }
  await tour({ scene: title => console.log(`\n== ${title}\n`), show, wait }, credentials)
  console.log('\nThat was the tour.')
  return 0
}

async function show(step: Step): Promise<Answered> {
  const { says, method, url, body, token, expects } = step
  console.log(`# ${says}`)
  const tokenShown = token === undefined ? '' : '  authorization: Bearer ...'
  console.log(`> ${method} ${url}${tokenShown}${body === undefined ? '' : `  ${shorten(JSON.stringify(body))}`}`)
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await response.text()
  const answer: Answered = {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  }
  console.log(`< ${answer.status} ${shorten(text)}`)
  for (const name of ['www-authenticate', 'retry-after']) {
    const value = response.headers.get(name)
    if (value !== null) console.log(`  ${name}: ${value}`)
  }
  console.log()
  const code = answer.body?.['code']
  const isExpected = answer.status === expects.status && (expects.code === undefined || code === expects.code)
  if (!isExpected)
    throw new Error(`Expected ${expects.status} ${expects.code ?? ''}, not ${answer.status} ${String(code ?? '')}.`)
  return answer
}

async function wait(ms: number, why: string): Promise<void> {
  console.log(`... ${Math.round(ms / 1000)} s for ${why}\n`)
  await systemClock.sleep(ms)
}

/** Long values end in dots: what matters stands at their beginning. */
function shorten(json: string): string {
  return json
    .replaceAll(/"([^"]{60})[^"]{20,}"/g, '"$1..."')
    .replaceAll(/("(?:password|refreshToken)":")[^"]*/g, '$1...')
}

main().then(
  code => process.exit(code),
  (error: Error & { cause?: { code?: string } }) => {
    const isAway = error.cause?.code === 'ECONNREFUSED'
    console.error(isAway ? 'The stack does not answer: is `npx pnpm start` running?' : error.message)
    process.exit(1)
  },
)
