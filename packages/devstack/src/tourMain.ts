/** `npx pnpm tour`: runs the tour against the local stack; prints each request and its answer. */
import { systemClock } from '@gatehouse/clock'
import { readSettings } from '@gatehouse/settings'
import { stopSignal } from '@gatehouse/testkit'
import { readCredentials } from './secrets.ts'
import { stackSettings } from './settings.ts'
import { type TourResponse, type TourStep, tour } from './tour.ts'

const timeoutMs = 30_000
const stopped = stopSignal()

async function main(): Promise<number> {
  const { GATEHOUSE_DATA: dataDir } = readSettings({ GATEHOUSE_DATA: stackSettings.GATEHOUSE_DATA }, process.env)
  const credentials = readCredentials(dataDir)
  if (credentials === undefined) {
    console.error(`There is no stack in ${dataDir}: run \`npx -y pnpm@12 start\` first and leave it running.`)
    return 1
  }
  await tour({ section: title => console.log(`\n== ${title}\n`), request, wait }, credentials)
  const { authUrl, admin } = credentials
  console.log(`\nThe same in the browser: log in as ${admin.email} at ${authUrl}/console, and open Audit.`)
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
    signal: AbortSignal.any([stopped, AbortSignal.timeout(timeoutMs)]),
  })
  const text = await response.text()
  const tourResponse: TourResponse = {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : parse(text, url),
  }
  console.log(`< ${tourResponse.status} ${shorten(text)}`)
  for (const name of ['www-authenticate', 'retry-after']) {
    const value = response.headers.get(name)
    if (value !== null) console.log(`  ${name}: ${value}`)
  }
  console.log()
  const code = tourResponse.body?.['code']
  const answered = [tourResponse.status, code].filter(Boolean).join(' ')
  if (answered === expects) return tourResponse
  const hint =
    code === 'account-disabled'
      ? ' A tour that was interrupted leaves the account disabled: enable it in the console, then run the tour again.'
      : ''
  throw new Error(`Expected ${expects}, not ${answered}.${hint}`)
}

function parse(text: string, url: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${url} does not answer with JSON: another program uses the port.`)
  }
}

async function wait(ms: number, why: string): Promise<void> {
  console.log(`... ${Math.round(ms / 1000)} s for ${why}\n`)
  await systemClock.sleep(ms, stopped)
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
    if (stopped.aborted) {
      console.log('Stopped.')
      process.exit(stopped.reason)
    }
    const isDown = error.cause?.code === 'ECONNREFUSED'
    const reason = error.cause?.code === undefined ? error.message : `${error.message} (${error.cause.code})`
    console.error(isDown ? 'The stack does not answer: is `npx -y pnpm@12 start` running?' : reason)
    process.exit(1)
  },
)
