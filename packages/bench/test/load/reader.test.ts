/** The load reads responses by length or in chunks, wherever the network splits them. */
import t from 'tap'
import { createReader, type Response } from '../../src/load/reader.ts'

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

t.test('reader: separates consecutive responses at every split of their bytes', async t => {
  const bytes = Buffer.from(byLength + inChunks + empty + byLength)
  for (let split = 0; split < bytes.length; split += 1) {
    const responses: Response[] = []
    const read = createReader(response => responses.push(response))
    read(bytes.subarray(0, split))
    read(bytes.subarray(split))
    t.same(responses, expected)
  }
})

t.test('reader: throws when a response has no length', async t => {
  const read = createReader(() => t.fail('the end of the response is unknown'))
  t.throws(() => read(Buffer.from('HTTP/1.1 200 OK\r\n\r\n{}')), /without a length/)
})
