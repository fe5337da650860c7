/** Finds the Python that runs the guard for Python. */
import { spawnSync } from 'node:child_process'

const needed = 'Python 3.11 with cryptography and uvicorn (Debian: python3-cryptography python3-uvicorn)'
const check = 'import sys, cryptography, uvicorn; assert sys.version_info >= (3, 11)'

/**
 * @returns the name of the interpreter, and options for the tests that need it: they are skipped, with a message, when
 *   there is none
 */
export function requirePython(): { python: string; options: { skip?: string } } {
  // Debian's packages belong to Debian's interpreter, which need not be the first in the path.
  const python = ['/usr/bin/python3', 'python3'].find(name => spawnSync(name, ['-c', check]).status === 0)
  if (python !== undefined) return { python, options: {} }
  console.error(`# SKIPPED: the Python guard is not tested, since ${needed} is not installed`)
  return { python: '', options: { skip: `SKIPPED: ${needed} is not installed` } }
}
