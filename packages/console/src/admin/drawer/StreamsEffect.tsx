/** What an act closes: each guard knows its streams, and reports how many are open. */
import type { GuardList } from '@gatehouse/contract'
import { plural } from '../../format.ts'
import { useData } from '../../useData.ts'

/** @param isOfAll the act ends every session, so it closes all of them */
export function StreamsEffect({ isOfAll = false }: { isOfAll?: boolean }) {
  const { value } = useData<GuardList>('admin/guards')
  const open = value?.guards.reduce((sum, { openStreams }) => sum + (openStreams ?? 0), 0)
  const total = plural(open ?? 0, 'stream')
  if (isOfAll) return <>Guards close all open streams and sockets{open === undefined ? '' : `: ${total} now`}.</>
  return (
    <>
      Guards close the open streams and sockets of these sessions
      {open === undefined ? '' : `. All sessions together have ${total} open now`}.
    </>
  )
}
