/** The answers of the fake auth service: tokens, nothing, or a problem of the table. */
import { type ProblemCode, problems } from './problems.ts'

type Refusal = { code: ProblemCode; fields?: object[] }
export type Result = { cookie?: string } & (Refusal | { status: number; body?: object })

/** The answer that a result stands for. */
export function respond(result: Result): Response {
  if ('code' in result) return problemResponse(result.code, result.fields && { fields: result.fields })
  if (!result.body) return new Response(null, { status: result.status })
  return Response.json(result.body, { status: result.status })
}

/** The answer that a service gives for a code. */
export function problemResponse(
  code: ProblemCode,
  { headers = {}, ...fields }: { headers?: Record<string, string>; [field: string]: unknown } = {},
): Response {
  const { status, action, title } = problems[code]
  const body = {
    type: `https://auth.test/problems/${code}`,
    title,
    status,
    detail: title,
    code,
    action,
    requestId: 'test',
    ...fields,
  }
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } })
}
