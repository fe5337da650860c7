/**
 * `npx pnpm tour`: runs the tour against the local stack and prints each request with its answer.
 */
import { systemClock } from '@gatehouse/clock'
import { readCredentials } from './secrets.ts'
import { type TourResponse, type TourStep, tour } from './tour.ts'

const timeoutMs = 30_000

async function main(): Promise<number> {
  const dataDir = process.env['GATEHOUSE_DATA'] ?? '.gatehouse'
  const credentials = readCredentials(dataDir)
  if (credentials === undefined) {
    console.error(`There is no stack in ${dataDir}: run \`npx pnpm start\` first and leave it running.`)
    return 1
  }
  await tour({ section: title => console.log(`\n== ${title}\n`), request, wait }, credentials)
  console.log('\nThat was the tour.')
  return 0
}

async function request(step: TourStep): Promise<TourResponse> {
  const { description, method, url, body, token, expects } = step
  console.log(`# ${description}`)
  const shownToken = token === undefined ? '' : '  authorization: Bearer ...'
  console.log(`> ${method} ${url}${shownToken}${body === undefined ? '' : `  ${shorten(JSON.stringify(body))}`}`)
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
  const tourResponse: TourResponse = {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : JSON.parse(text),
  }
  console.log(`< ${tourResponse.status} ${shorten(text)}`)
  for (const name of ['www-authenticate', 'retry-after']) {
    const value = response.headers.get(name)
    if (value !== null) console.log(`  ${name}: ${value}`)
  }
  console.log()
  const code = tourResponse.body?.['code']
  const isExpected = tourResponse.status === expects.status && (expects.code === undefined || code === expects.code)
  if (!isExpected)
    throw new Error(
      `Expected ${expects.status} ${expects.code ?? ''}, not ${tourResponse.status} ${String(code ?? '')}.`,
    )
  return tourResponse
}

async function wait(ms: number, why: string): Promise<void> {
  console.log(`... ${Math.round(ms / 1000)} s for ${why}\n`)
  await systemClock.sleep(ms)
}

/** Cuts long values, passwords and refresh tokens. */
function shorten(json: string): string {
  return json
    .replaceAll(/"([^"]{60})[^"]{20,}"/g, '"$1..."')
    .replaceAll(/("(?:password|refreshToken)":")[^"]*/g, '$1...')
}

main().then(
  code => process.exit(code),
  (error: Error & { cause?: { code?: string } }) => {
    const isDown = error.cause?.code === 'ECONNREFUSED'
    console.error(isDown ? 'The stack does not answer: is `npx pnpm start` running?' : error.message)
    process.exit(1)
  },
)
