/** Parsers of configuration values; each throws what it wants instead, and never repeats what it was given. */
import { createPublicKey } from 'node:crypto'
import { isIP } from 'node:net'

export function text(given: string): string {
  return given
}

export function url(given: string): string {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) throw new Error('an http or https URL')
  return given.replace(/\/+$/, '')
}

export function integer({ least, most }: { least: number; most: number }) {
  return (given: string): number => {
    const value = Number(given)
    if (!/^\d+$/.test(given) || value < least || value > most)
      throw new Error(`a whole number from ${least} to ${most}`)
    return value
  }
}

export function oneOf(choices: readonly string[]) {
  return (given: string): string => {
    if (!choices.includes(given)) throw new Error(`one of ${choices.join(', ')}`)
    return given
  }
}

/** A PEM may come in one line, with `\n` written out, where variables cannot hold line breaks. */
export function pem(given: string): string {
  const key = given.replaceAll('\\n', '\n')
  if (key === '') return key
  if (key.includes('PRIVATE KEY')) throw new Error('a public key, not a private one')
  try {
    createPublicKey(key)
  } catch {
    throw new Error('a public key as PEM')
  }
  return key
}

export function networks(given: string): string | undefined {
  if (given === '') return undefined
  const names = ['loopback', 'linklocal', 'uniquelocal']
  const isNetwork = (one: string) => isIP(one.split('/', 1)[0] ?? '') !== 0 && /^[^/]+(\/\d{1,3})?$/.test(one)
  const parts = given.split(',').map(part => part.trim())
  if (!parts.every(part => names.includes(part) || isNetwork(part))) {
    throw new Error('addresses or networks such as 10.0.0.0/8, with commas between')
  }
  return parts.join(',')
}
