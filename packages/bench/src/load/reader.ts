/** Splits the bytes of a kept-alive HTTP/1.1 connection into responses. */

export interface Response {
  status: number
  body: string
}

const lineEnd = '\r\n'
const headEnd = Buffer.from('\r\n\r\n')
const lengthField = /\r\ncontent-length: (\d+)/i
const chunkedField = /\r\ntransfer-encoding: chunked/i

/** @returns a function that takes the bytes in the order in which they arrive */
export function createReader(onResponse: (response: Response) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return bytes => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (;;) {
      const end = rest.indexOf(headEnd)
      if (end === -1) return
      const head = rest.toString('latin1', 0, end)
      const status = Number(head.slice(9, 12))
      const bodyStart = end + headEnd.length
      const read = chunkedField.test(head)
        ? readChunks(rest, bodyStart)
        : readLength(rest, bodyStart, lengthOf(head, status))
      if (read === undefined) return
      rest = rest.subarray(read.end)
      onResponse({ status, body: read.body })
    }
  }
}

interface Body {
  body: string
  /** Where the next response begins. */
  end: number
}

function lengthOf(head: string, status: number): number {
  const length = status === 204 ? 0 : Number(lengthField.exec(head)?.[1] ?? Number.NaN)
  if (Number.isNaN(length)) throw new Error(`a response without a length:\n${head}`)
  return length
}

function readLength(bytes: Buffer, from: number, length: number): Body | undefined {
  const end = from + length
  return bytes.length < end ? undefined : { body: bytes.toString('utf8', from, end), end }
}

/** RFC 9112 section 7.1, without trailers: Node sends none by default. */
function readChunks(bytes: Buffer, from: number): Body | undefined {
  const parts: Buffer[] = []
  for (let position = from; ; ) {
    const sizeEnd = bytes.indexOf(lineEnd, position)
    if (sizeEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', position, sizeEnd), 16)
    const dataStart = sizeEnd + lineEnd.length
    const end = dataStart + size + lineEnd.length
    if (bytes.length < end) return undefined
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), end }
    parts.push(bytes.subarray(dataStart, dataStart + size))
    position = end
  }
}
