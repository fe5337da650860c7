/** Hashes and checks passwords: argon2id, a few at a time, with a short queue. */
import { Refusal } from '@gatehouse/contract'
import { hash, verify } from '@node-rs/argon2'

/** OWASP's first choice of 2023 and since: 19 MiB, two passes, one lane. They stand in each hash, so they can grow. */
const parameters = {
  algorithm: 2, // argon2id: the library's enum is erased at compile time
  memoryCost: 19456,
  timeCost: 2,
  parallelism: 1,
}

export interface Passwords {
  hash: (password: string) => Promise<string>
  /**
   * Checks a password in the same time whether there is a hash or not.
   * @param hashed the stored hash; undefined for an account that does not exist
   */
  verify: (password: string, hashed: string | undefined) => Promise<boolean>
  /** Whether a hash was made with weaker parameters than today's. */
  isOutdated: (hashed: string) => boolean
}

export interface PasswordOptions {
  threads: number
  /** How many may wait; beyond it: 503 at once. */
  queue: number
}

export async function createPasswords({ threads, queue }: PasswordOptions): Promise<Passwords> {
  const turn = createTurns(threads, queue)
  const nobodys = await hash('nobody has this password', parameters)
  return {
    hash: password => turn(() => hash(normal(password), parameters)),
    verify: (password, hashed) =>
      turn(async () => {
        const isRight = await verify(hashed ?? nobodys, normal(password))
        return isRight && hashed !== undefined
      }),
    isOutdated: hashed =>
      !hashed.startsWith(
        `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$`,
      ),
  }
}

/** The same password however its letters were composed (NIST SP 800-63B section 3.1.1.2). */
export function normal(password: string): string {
  return password.normalize('NFKC')
}

function createTurns(threads: number, queue: number) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running >= threads) {
      if (waiting.length >= queue) throw new Refusal('overloaded', 'the queue for hashing passwords is full')
      await new Promise<void>(resolve => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await work()
    } finally {
      // The turn passes on to the next in line, or ends.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}
