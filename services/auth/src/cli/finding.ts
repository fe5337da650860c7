/** What a check of the doctor found. */

export interface Finding {
  check: string
  isOk: boolean
  message: string
}

export function passed(check: string, message: string): Finding {
  return { check, isOk: true, message }
}

export function failed(check: string, message: string): Finding {
  return { check, isOk: false, message }
}

/** A check that throws has failed. */
export async function runCheck(check: string, run: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await run()
  } catch (error) {
    return failed(check, error instanceof Error ? error.message : 'cannot be checked')
  }
}
