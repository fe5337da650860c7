/** All accounts: search, filters, pages. */
import type { UserPage, UserView } from '@gatehouse/contract'
import { useLocation } from 'preact-iso'
import { PlusIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { Search } from '../../ui/Search.tsx'
import { Pages, Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { useIsAdmin } from '../me.ts'
import { to, withQuery } from '../paths.ts'
import { NewUserButton } from './NewUser.tsx'
import { StatePill } from './StatePill.tsx'

export function Users() {
  const { query, route } = useLocation()
  const { cursor, ...filters } = query
  const list = useData<UserPage>(withQuery('admin/users', { ...filters, cursor, limit: '50' }))
  const isAdmin = useIsAdmin()
  const path = to('users')
  const next = list.value?.nextCursor
  const change = (name: string, text: string) => route(withQuery(path, { ...filters, [name]: text }), true)
  return (
    <>
      <div class="heading">
        <h1>Users</h1>
        {isAdmin && (
          <NewUserButton onCreated={list.reload}>
            <PlusIcon size={16} /> New user
          </NewUserButton>
        )}
      </div>
      <div class="row wrap tools">
        <Search label="Search by e-mail address" value={filters.email ?? ''} onSearch={text => change('email', text)} />
        <Select
          label="Role"
          value={filters.role ?? ''}
          options={['admin', 'auditor']}
          onSelect={text => change('role', text)}
        />
        <Select
          label="State"
          value={filters.state ?? ''}
          options={['active', 'disabled']}
          onSelect={text => change('state', text)}
        />
      </div>
      <Problem error={list.error} onRetry={list.reload} />
      <Table
        label="Users"
        columns={['E-mail address', 'State', 'Roles', 'Sessions', 'Last seen']}
        widths={[5, 2, 3, 2, 3]}
        rows={list.value?.users}
        isLoading={list.isLoading}
        expected={12}
        keyOf={({ id }) => id}
        empty="No account matches."
        row={user => <UserRow user={user} />}
      />
      <Pages
        first={cursor ? withQuery(path, filters) : undefined}
        next={next ? withQuery(path, { ...filters, cursor: next }) : undefined}
      />
    </>
  )
}

function UserRow({ user }: { user: UserView }) {
  const { id, email, roles, sessions, lastSeenAt } = user
  return (
    <>
      <td>
        <a class="strong break" href={to('users', id)}>
          <bdi>{email}</bdi>
        </a>
      </td>
      <td>
        <StatePill user={user} />
      </td>
      <td>
        <div class="row wrap">
          {roles.map(role => (
            <span key={role} class="pill accent">
              {role}
            </span>
          ))}
        </div>
      </td>
      <td class="num">{sessions}</td>
      <td>
        <Time at={lastSeenAt} />
      </td>
    </>
  )
}

interface SelectProps {
  label: string
  value: string
  options: readonly string[]
  onSelect: (value: string) => void
}

function Select({ label, value, options, onSelect }: SelectProps) {
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onSelect(currentTarget.value)}>
      <option value="">{label}: any</option>
      {options.map(option => (
        <option key={option} value={option}>
          {label}: {option}
        </option>
      ))}
    </select>
  )
}
