/** Times, numbers and names as text. */

const day = 86_400_000
const units: [limitMs: number, unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  [60_000, 'second', 1000],
  [3_600_000, 'minute', 60_000],
  [day, 'hour', 3_600_000],
  [30 * day, 'day', day],
  [365 * day, 'month', 30 * day],
  [Number.POSITIVE_INFINITY, 'year', 365 * day],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'long' })
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
const clock = new Intl.DateTimeFormat('en-GB', {
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  fractionalSecondDigits: 3,
})
const numbers = new Intl.NumberFormat('en')

/** `3 minutes ago`, `in 2 weeks`. */
export function ago(iso: string, nowMs = Date.now()): string {
  const ms = Date.parse(iso) - nowMs
  if (Math.abs(ms) < 5000) return 'just now'
  const [, unit, size] = units.find(([limitMs]) => Math.abs(ms) < limitMs) ?? ['', 'year', 365 * day]
  return relative.format(Math.round(ms / size), unit as Intl.RelativeTimeFormatUnit)
}

export function dateTime(iso: string): string {
  return absolute.format(new Date(iso))
}

export function count(value: number): string {
  return numbers.format(value)
}

/** `1 session`, `2 sessions`. */
export function plural(value: number, singular: string, many = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : many}`
}

/** `8 ms`, `1.2 s`, `17 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
}

/** `08:15:03.022` */
export function timeOfDay(iso: string): string {
  return clock.format(new Date(iso))
}

/** The start of an id, enough to tell two apart. */
export function shortId(id: string): string {
  return id.length > 16 ? id.slice(0, 8) : id
}
