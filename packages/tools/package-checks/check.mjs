/** Checks packed packages with publint and attw. Prints a line for each finding, and exits with 1 if there is any. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

// The packages are ES modules with `exports`, so CommonJS and the resolution of Node 10 do not apply.
const resolutions = ['node16-esm', 'bundler']

for (const file of process.argv.slice(2)) {
  const data = new Uint8Array(readFileSync(file))
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer }, strict: true })
  for (const message of messages) report(file, `publint: ${formatMessage(message, pkg, { color: false })}`)

  const { problems } = await checkPackage(createPackageFromTarballData(data))
  for (const problem of problems) {
    const applies = problem.resolutionKind === undefined || resolutions.includes(problem.resolutionKind)
    if (applies) report(file, `attw: ${JSON.stringify(problem)}`)
  }
}

function report(file, text) {
  console.log(`${basename(file)}: ${text}`)
  process.exitCode = 1
}
