/** A user agent in words, for users: the admin API sends the same from a larger table. */

const systems: [pattern: RegExp, name: string][] = [
  [/iPhone|iPad|iPod/, 'iOS'],
  [/Android/, 'Android'],
  [/CrOS/, 'ChromeOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/Linux|X11/, 'Linux'],
]
const browsers: [pattern: RegExp, name: string][] = [
  [/Edg(?:e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]

/** @returns for example `Firefox on Windows`; for a program its first word, such as `curl` */
export function agentInWords(userAgent: string | null): string {
  if (!userAgent?.trim()) return 'Unknown program'
  const [browser, system] = [browsers, systems].map(table => table.find(([pattern]) => pattern.test(userAgent))?.[1])
  const program = browser ?? /^[\w.-]{1,40}/.exec(userAgent)?.[0] ?? 'Unknown program'
  return system ? `${program} on ${system}` : program
}

export function isPhone(userAgent: string | null): boolean {
  return /iPhone|iPad|iPod|Android|Mobile/.test(userAgent ?? '')
}
