/** The e-mail addresses of accounts that a page names by id. */
import type { UserPage } from '@gatehouse/contract'
import { useEffect, useState } from 'preact/hooks'
import { call } from '../api.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const maxIds = 100

/** By id; empty for accounts that were deleted since, whose address is not kept. */
const known = new Map<string, string>()

/** @returns the address of an account; undefined for service clients, deleted accounts and while it is read */
export function useNames(ids: readonly (string | null)[]): (id: string | null) => string | undefined {
  const [, render] = useState({})
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
      () => {},
    )
  }, [wanted])
  return id => known.get(id ?? '') || undefined
}
