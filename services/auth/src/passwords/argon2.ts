/** How passwords are hashed: argon2id, with parameters that stand in each hash. */
import { hash, hashSync, verifySync } from '@node-rs/argon2'

/** OWASP's first choice of 2023 and since: 19 MiB, two passes, one lane. They stand in each hash, so they can grow. */
const parameters = {
  algorithm: 2, // argon2id: the library's enum is erased at compile time
  memoryCost: 19456,
  timeCost: 2,
  parallelism: 1,
}

/** The same password however its letters were composed (NIST SP 800-63B section 3.1.1.2). */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** For programs that hash one and end. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalizePassword(password), parameters)
}

/** Takes some ten milliseconds of this thread. */
export function hashPasswordSync(password: string): string {
  return hashSync(normalizePassword(password), parameters)
}

/** Likewise. @throws when what is stored is no hash */
export function verifyPasswordSync(password: string, hashed: string): boolean {
  return verifySync(hashed, normalizePassword(password))
}

/** Whether a hash was made with weaker parameters than today's. */
export function isOutdated(hashed: string): boolean {
  const { memoryCost, timeCost, parallelism } = parameters
  return !hashed.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}
