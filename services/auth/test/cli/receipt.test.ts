/** The text of a receipt. */
import type { Receipt } from '@gatehouse/contract'
import t from 'tap'
import { exitCodes } from '../../src/cli/command.ts'
import { receiptResult } from '../../src/cli/receipts.ts'

const time = '2026-11-23T21:15:42.022Z'
const acknowledged = { guard: 'g1', name: 'warehouse-1', acknowledgedAt: time, leaseEndedAt: null }
const receipt = { seq: 7, inForce: true, sessionsEnded: 3, waitedMs: 6, guards: [acknowledged] } as unknown as Receipt

t.test('receipt: names the silent guard, and why the revocation is in force all the same', async t => {
  const silent = { guard: 'g2', name: 'warehouse-2', acknowledgedAt: null, leaseEndedAt: time }
  const { text } = receiptResult({ ...receipt, guards: [acknowledged, silent] })
  t.match(text, /guards +1 of 2 acknowledged/)
  t.match(text, new RegExp(`silent guard warehouse-2 +its lease ended at ${time}: since then it accepts no token`))
  t.notMatch(text, /silent guard warehouse-1/)
})

t.test('receipt: names the guard that a revocation waits for', async t => {
  const silent = { guard: 'g2', name: 'warehouse-2', acknowledgedAt: null, leaseEndedAt: null }
  const { text, code } = receiptResult({ ...receipt, inForce: false, guards: [silent] })
  t.equal(code, exitCodes.notYetInForce)
  t.match(text, /silent guard warehouse-2 +it has not acknowledged, and its lease still runs/)
  t.match(receiptResult({ ...receipt, guards: [silent] }).text, /silent guard warehouse-2 +it has left the feed/)
})
