/** One receipt: its address can be sent to another admin. */
import type { AuditPage, Receipt as ReceiptData } from '@gatehouse/contract'
import { useEffect, useState } from 'preact/hooks'
import { useRoute } from 'preact-iso'
import { call } from '../../api.ts'
import { Problem } from '../../ui/Problem.tsx'
import { useData } from '../../useData.ts'
import { EntryList } from '../audit/EntryList.tsx'
import { ReceiptProgress } from '../drawer/ReceiptProgress.tsx'
import { to, withQuery } from '../paths.ts'

export function Receipt() {
  const { seq = '' } = useRoute().params
  const [receipt, setReceipt] = useState<ReceiptData | undefined>()
  const [error, setError] = useState<unknown>()
  const entries = useData<AuditPage>(withQuery('admin/audit', { seq: /^\d+$/.test(seq) ? seq : '0' }))
  useEffect(() => {
    setReceipt(undefined)
    setError(undefined)
    // The state of this moment; the events bring the rest.
    call<ReceiptData>(`admin/revocations/${encodeURIComponent(seq)}`, { headers: { prefer: 'wait=0' } }).then(
      ({ data }) => setReceipt(data),
      setError,
    )
  }, [seq])
  return (
    <>
      <p class="crumb">
        <a href={to('revocations')}>Revocations</a>
      </p>
      <h1>Receipt {seq}</h1>
      <Problem error={error} />
      <div class="card pad steps receipt" aria-busy={receipt === undefined && error === undefined}>
        {receipt ? (
          <ReceiptProgress key={seq} receipt={receipt} isPage />
        ) : (
          !error && <div class="skeleton verdict-line" />
        )}
      </div>
      {receipt && (
        <section>
          <h2>Audit entries</h2>
          <EntryList entries={entries.value?.entries} expected={2} />
        </section>
      )}
    </>
  )
}
