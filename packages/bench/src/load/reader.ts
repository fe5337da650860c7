/** Cuts what a kept-alive connection brings into answers: as much of HTTP/1.1 as the servers under load speak. */

export interface Answered {
  status: number
  body: string
}

const lineEnd = '\r\n'
const headEnd = Buffer.from('\r\n\r\n')
const lengthField = /\r\ncontent-length: (\d+)/i
const chunkedField = /\r\ntransfer-encoding: chunked/i

/** @returns takes the bytes in the order in which they come */
export function createReader(onAnswer: (answered: Answered) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return bytes => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const end = rest.indexOf(headEnd)
      if (end === -1) return
      const head = rest.toString('latin1', 0, end)
      const status = Number(head.slice(9, 12))
      const bodyAt = end + headEnd.length
      const found = chunkedField.test(head) ? chunks(rest, bodyAt) : whole(rest, bodyAt, lengthOf(head, status))
      if (found === undefined) return
      rest = rest.subarray(found.end)
      onAnswer({ status, body: found.body })
    }
  }
}

interface Body {
  body: string
  /** Where the next answer begins. */
  end: number
}

function lengthOf(head: string, status: number): number {
  const length = status === 204 ? 0 : Number(lengthField.exec(head)?.[1] ?? Number.NaN)
  if (Number.isNaN(length)) throw new Error(`an answer that does not say how long it is:\n${head}`)
  return length
}

function whole(bytes: Buffer, from: number, length: number): Body | undefined {
  const end = from + length
  return bytes.length < end ? undefined : { body: bytes.toString('utf8', from, end), end }
}

/** RFC 9112 section 7.1, without trailers: Node sends none that it was not given. */
function chunks(bytes: Buffer, from: number): Body | undefined {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const sizeEnd = bytes.indexOf(lineEnd, at)
    if (sizeEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, sizeEnd), 16)
    const dataAt = sizeEnd + lineEnd.length
    const end = dataAt + size + lineEnd.length
    if (bytes.length < end) return undefined
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), end }
    parts.push(bytes.subarray(dataAt, dataAt + size))
    at = end
  }
}
