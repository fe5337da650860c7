/** Password hashing with argon2id; each hash contains its parameters. */
import { hash, hashSync, verifySync } from '@node-rs/argon2'

/** OWASP's recommendation since 2023: 19 MiB, two passes, one lane. Old hashes stay valid when these grow. */
const parameters = {
  algorithm: 2, // argon2id: the library's enum is erased at compile time
  memoryCost: 19456,
  timeCost: 2,
  parallelism: 1,
}

/** One form for all Unicode spellings of a password (NIST SP 800-63B section 3.1.1.2). */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** Hashes on a libuv thread, for programs that hash a single password. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalizePassword(password), parameters)
}

/** Blocks the thread for about ten milliseconds. */
export function hashPasswordSync(password: string): string {
  return hashSync(normalizePassword(password), parameters)
}

/** Blocks the thread for about ten milliseconds. @throws Error when `hashed` is not an argon2 hash */
export function verifyPasswordSync(password: string, hashed: string): boolean {
  return verifySync(hashed, normalizePassword(password))
}

/** Whether the hash has other parameters than the current ones. */
export function isOutdated(hashed: string): boolean {
  const { memoryCost, timeCost, parallelism } = parameters
  return !hashed.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}
