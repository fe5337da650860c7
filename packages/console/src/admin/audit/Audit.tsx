/** The audit log: its filters are in the URL, so that a search can be sent to another admin. */
import type { AuditPage } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { client, root } from '../../session.ts'
import { DownloadIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { useData } from '../../useData.ts'
import { saveAs } from '../drawer/ReceiptProgress.tsx'
import { withQuery } from '../paths.ts'
import { Pages } from '../Table.tsx'
import { EntryList } from './EntryList.tsx'
import { Filters } from './Filters.tsx'

export function Audit() {
  const { path, query, route } = useLocation()
  const { cursor, ...filters } = query
  const list = useData<AuditPage>(withQuery('admin/audit', { ...filters, cursor, limit: '50' }))
  return (
    <>
      <div class="heading">
        <h1>Audit</h1>
        <ExportButton path={withQuery('admin/audit/export', filters)} />
      </div>
      <Filters filters={filters} onChange={changed => route(withQuery(path, changed))} />
      <Problem error={list.error} onRetry={list.reload} />
      <EntryList entries={list.value?.entries} isLoading={list.isLoading} expected={15} />
      <Pages next={list.value?.nextCursor} />
    </>
  )
}

/** The export itself is in the audit log. */
function ExportButton({ path }: { path: string }) {
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    setError(undefined)
    try {
      const response = await client.fetch(new URL(path, root))
      saveAs('audit.ndjson', await response.blob())
    } catch (failure) {
      setError(failure)
    }
    setBusy(false)
  }
  return (
    <>
      <button type="button" class="button" disabled={isBusy} onClick={save}>
        <DownloadIcon size={16} /> {isBusy ? 'Exporting…' : 'Export NDJSON'}
      </button>
      <Problem error={error} />
    </>
  )
}
