/** Cuts what a kept-alive connection brings into answers: as much of HTTP/1.1 as the servers under load speak. */

export interface Answered {
  status: number
  body: string
}

const headEnd = Buffer.from('\r\n\r\n')
const lengthField = /\r\ncontent-length: (\d+)/i

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
      const length = status === 204 ? 0 : Number(lengthField.exec(head)?.[1] ?? Number.NaN)
      if (Number.isNaN(length)) throw new Error(`an answer that does not say how long it is:\n${head}`)
      const bodyAt = end + headEnd.length
      if (rest.length < bodyAt + length) return
      const body = rest.toString('utf8', bodyAt, bodyAt + length)
      rest = rest.subarray(bodyAt + length)
      onAnswer({ status, body })
    }
  }
}
