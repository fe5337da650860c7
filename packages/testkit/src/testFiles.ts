/** Finds the compiled tests, and maps between sources and compiled files on every platform. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** @returns the path of the compiled test, with slashes also on Windows */
export function compiledTest(source: string): string {
  return slashes(source)
    .replace(/^\.\//, '')
    .replace(/\/(test)\/(.*)\.ts$/, '/dist/test/$2.js')
}

/** @returns the path of the source, for a person */
export function sourceOf(compiled: string): string {
  return slashes(compiled).replace(/\/dist\/test\/(.*)\.js$/, '/test/$1.ts')
}

/** @returns every compiled test below `packages` and `services`, sorted as the runner sorts them */
export function findTests(root: string): string[] {
  const folders = ['packages', 'services'].flatMap(name =>
    readdirSync(join(root, name)).map(inner => `${name}/${inner}/dist/test`),
  )
  return folders
    .filter(folder => existsSync(join(root, folder)))
    .flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.test.js'))
        .map(file => `${folder}/${slashes(file)}`),
    )
    .sort()
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/')
}
