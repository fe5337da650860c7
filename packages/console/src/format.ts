/** Times, numbers and names as text. */

const day = 86_400_000
/** The largest first. */
const units: [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ['year', 365 * day],
  ['month', 30 * day],
  ['day', day],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' })

/** `3 minutes ago`, `in 2 weeks`. */
export function ago(iso: string): string {
  const ms = Date.parse(iso) - Date.now()
  if (Math.abs(ms) < 5000) return 'just now'
  const [unit, unitMs] = units.find(item => Math.abs(ms) >= item[1]) ?? ['second', 1000]
  return relative.format(Math.round(ms / unitMs), unit)
}

/** With the time zone, so that it can be compared with a log. */
export function dateTime(iso: string): string {
  return absolute.format(Date.parse(iso))
}

export function count(value: number): string {
  return value.toLocaleString('en')
}

/** `1 session`, `2 sessions`. */
export function plural(value: number, singular: string): string {
  return `${count(value)} ${singular}${value === 1 ? '' : 's'}`
}

/** `8 ms`, `1.2 s`, `17 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
}

/** The start of an id, enough to tell two apart. */
export function shortId(id: string): string {
  return id.length > 16 ? id.slice(0, 8) : id
}
