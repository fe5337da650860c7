/** All accounts: search, filters, pages. */
import type { UserPage } from '@gatehouse/contract'
import { useLocation } from 'preact-iso'
import { Pills } from '../../ui/Pills.tsx'
import { Search } from '../../ui/Search.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { DrawerButton } from '../drawer/DrawerButton.tsx'
import { ListPage } from '../ListPage.tsx'
import { to, withQuery } from '../paths.ts'
import { NewUserForm } from './NewUserForm.tsx'
import { StatePill } from './StatePill.tsx'

export function Users() {
  const { path, query, route } = useLocation()
  const { cursor, ...filters } = query
  const list = useData<UserPage>(withQuery('admin/users', { ...filters, cursor, limit: '50' }))
  const filter = (name: string) => ({
    value: filters[name] ?? '',
    onChange: (text: string) => route(withQuery(path, { ...filters, [name]: text }), true),
  })
  return (
    <ListPage
      title="Users"
      list={list}
      next={list.value?.nextCursor}
      button={<DrawerButton title="New user">{() => <NewUserForm onCreated={list.reload} />}</DrawerButton>}
      columns={{
        'E-mail address': [
          5,
          ({ id, email }) => (
            <a class="strong break" href={to('users', id)}>
              <bdi>{email}</bdi>
            </a>
          ),
        ],
        State: [2.5, user => <StatePill user={user} />],
        Roles: [3, ({ roles }) => <Pills names={roles} tone="accent" otherwise="–" />],
        Sessions: [1.8, ({ sessions }) => sessions, 'num'],
        'Last seen': [3, ({ lastSeenAt }) => <Time at={lastSeenAt} />],
      }}
      rows={list.value?.users}
      expected={12}
      keyOf={({ id }) => id}
      empty={Object.keys(filters).length > 0 ? 'No account matches.' : 'There is no account yet.'}
    >
      <div class="row wrap tools">
        <Search label="Search by e-mail address" {...filter('email')} />
        <Select label="Role" options={['admin', 'auditor']} {...filter('role')} />
        <Select label="State" options={['active', 'disabled']} {...filter('state')} />
      </div>
    </ListPage>
  )
}

interface SelectProps {
  label: string
  value: string
  options: readonly string[]
  onChange: (value: string) => void
}

function Select({ label, value, options, onChange }: SelectProps) {
  return (
    <select aria-label={label} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      <option value="">{label}: any</option>
      {options.map(option => (
        <option key={option} value={option}>
          {label}: {option}
        </option>
      ))}
    </select>
  )
}
