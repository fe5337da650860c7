/** The load reads the answers of servers that it did not write: by length or in chunks, however the network cuts them. */
import t from 'tap'
import { type Answered, createReader } from '../../src/load/reader.ts'

const byLength = 'HTTP/1.1 400 Bad Request\r\nContent-Length: 6\r\n\r\nnöpe!'
const inChunks =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\nc\r\n:"\r\n\r\n0\r\nü"\r\n1\r\n}\r\n0\r\n\r\n'
const empty = 'HTTP/1.1 204 No Content\r\n\r\n'
const expected = [
  { status: 400, body: 'nöpe!' },
  { status: 200, body: '{"a":"\r\n\r\n0\r\nü"}' },
  { status: 204, body: '' },
  { status: 400, body: 'nöpe!' },
]

t.test('answers that follow each other are told apart wherever the bytes were cut', async t => {
  const bytes = Buffer.from(byLength + inChunks + empty + byLength)
  for (let cut = 0; cut < bytes.length; cut += 1) {
    const answers: Answered[] = []
    const read = createReader(answered => answers.push(answered))
    read(bytes.subarray(0, cut))
    read(bytes.subarray(cut))
    t.same(answers, expected)
  }
})

t.test('an answer that does not say how long it is ends the load', async t => {
  const read = createReader(() => t.fail('it cannot be known where it ends'))
  t.throws(() => read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n{}')), /does not say how long/)
})
