/** Turns the test runner's TAP into one line for each file, and the details of what failed. */
import { sourceOf } from './testFiles.ts'

export interface TestProgressOptions {
  /** The compiled files that run. */
  files: readonly string[]
  /** Prints a line that stays. */
  print: (line: string) => void
  /** Shows a line until the next one is printed. */
  show: (line: string) => void
}

export interface Counts {
  pass: number
  fail: number
}

/** Lines of TAP that say nothing about a failure. */
const isSilent = /^\s*(ok \d|1\.\.\d|# Subtest|# time=|TAP version|# \{ total|$)/

/** @returns a function that takes each line of TAP, and the counts so far */
export function createTestProgress({ files, print, show }: TestProgressOptions) {
  const counts: Counts = { pass: 0, fail: 0 }
  const waiting = new Set(files)
  let done = 0
  let block: string[] = []
  let file = ''

  function showNext(): void {
    const [next] = waiting
    if (next !== undefined) show(`${position(done + 1)} running ${sourceOf(next)}`)
  }

  const position = (index: number) => `[${String(index).padStart(String(files.length).length)}/${files.length}]`

  function onLine(line: string): void {
    file = /^# Subtest: (\S+)/.exec(line)?.[1] ?? file
    const result = /^(ok|not ok) \d+ - .*?(?: # time=([\d.]+)ms)?$/.exec(line)
    const total = /^# \{ total: \d+(?:, pass: (\d+))?(?:, fail: (\d+))?/.exec(line)
    if (total) Object.assign(counts, { pass: Number(total[1] ?? 0), fail: Number(total[2] ?? 0) })
    if (result) {
      const [, word = '', ms = '0'] = result
      done += 1
      waiting.delete(file)
      const isOk = word === 'ok'
      print(`${position(done)} ${isOk ? 'ok    ' : 'FAILED'} ${(Number(ms) / 1000).toFixed(1)} s  ${sourceOf(file)}`)
      if (!isOk) for (const detail of block) print(detail)
      block = []
      showNext()
    } else if (isSilent.test(line)) return
    else if (/^\s/.test(line)) block.push(line)
    else print(line)
  }

  return { onLine, counts, start: showNext }
}
