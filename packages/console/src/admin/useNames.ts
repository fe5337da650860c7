/** The e-mail addresses of accounts that a page names by id. */
import type { UserPage } from '@gatehouse/contract'
import { useEffect, useRef, useState } from 'preact/hooks'
import { call } from '../api.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const maxIds = 100

/** By id; empty for accounts that were deleted since, whose address is not kept. */
const known = new Map<string, string>()

/**
 * Reads the addresses of the accounts that rows name.
 * @param rows undefined while they are awaited
 * @param idsOf the ids in a row
 * @returns the rows, once their names are known, so that no row changes its height; until then the rows before. `nameOf` gives
 *   the address of an account, and undefined for service clients and deleted accounts
 */
export function useNames<Row>(rows: readonly Row[] | undefined, idsOf: (row: Row) => readonly (string | null)[]) {
  const [failed, setFailed] = useState('')
  const [, render] = useState({})
  const settled = useRef<readonly Row[] | undefined>(undefined)
  const ids = rows?.flatMap(idsOf) ?? []
  const missing = [...new Set(ids)].filter((id): id is string => id !== null && uuid.test(id) && !known.has(id))
  const wanted = missing.slice(0, maxIds).join(',')
  useEffect(() => {
    if (wanted === '') return
    call<UserPage>(`admin/users?limit=100&ids=${wanted}`).then(
      ({ data }) => {
        for (const id of wanted.split(',')) known.set(id, '')
        for (const { id, email } of data.users) known.set(id, email)
        render({})
      },
      () => setFailed(wanted),
    )
  }, [wanted])
  if (wanted === '' || wanted === failed) settled.current = rows
  return { rows: settled.current, nameOf: (id: string | null) => known.get(id ?? '') || undefined }
}
