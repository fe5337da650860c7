/** A receipt that follows its revocation until it is in force. */
import { readEvents } from '@gatehouse/client/events'
import type { Receipt, ReceiptEvent } from '@gatehouse/contract'
import { useEffect, useState } from 'preact/hooks'
import { client, root } from '../../session.ts'

export type LiveReceipt = Omit<ReceiptEvent, 'guards'> & { guards: LiveGuard[] }

export interface LiveGuard {
  guard: string
  name: string
  acknowledgedAt: string | null
  leaseEndedAt: string | null
  /** When the lease ends by this page's clock, while the revocation waits for it. */
  leaseEndsMs: number | null
}

/** @returns the receipt, newer with each event */
export function useLiveReceipt(receipt: Receipt): LiveReceipt {
  const [live, setLive] = useState<LiveReceipt>(() => ({
    ...receipt,
    guards: receipt.guards.map(guard => ({ ...guard, leaseEndsMs: null })),
  }))
  useEffect(() => {
    if (receipt.inForce) return
    const end = new AbortController()
    const onEvent = ({ data }: { data: string }) => {
      const event = JSON.parse(data) as ReceiptEvent
      setLive({ ...event, guards: event.guards.map(withEnd) })
      if (event.inForce) end.abort()
    }
    const url = new URL(`admin/revocations/${receipt.seq}/events`, root)
    readEvents(client, url, { onEvent, signal: end.signal }).catch(() => {})
    return () => end.abort()
  }, [receipt.seq])
  return live
}

function withEnd({ leaseLeftMs, ...guard }: ReceiptEvent['guards'][number]): LiveGuard {
  return { ...guard, leaseEndsMs: leaseLeftMs === null ? null : Date.now() + leaseLeftMs }
}
