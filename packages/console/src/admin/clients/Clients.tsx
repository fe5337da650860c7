/** The service clients: programs that authenticate as themselves. */
import type { ClientList, ClientView } from '@gatehouse/contract'
import { useState } from 'preact/hooks'
import { Dialog } from '../../ui/Dialog.tsx'
import { PlusIcon } from '../../ui/icons.tsx'
import { Problem } from '../../ui/Problem.tsx'
import { Table } from '../../ui/Table.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { begin } from '../drawer/action.ts'
import { useIsAdmin } from '../me.ts'
import { deleteAction } from './clientActions.tsx'
import { NewClientForm } from './NewClientForm.tsx'
import { RotateForm } from './RotateForm.tsx'

export function Clients() {
  const list = useData<ClientList>('admin/clients', 10_000)
  const isAdmin = useIsAdmin()
  const [isNew, setNew] = useState(false)
  const [rotated, setRotated] = useState<ClientView | undefined>()
  const columns = ['Client', 'Scopes', 'Last used', 'Created', 'Secret']
  return (
    <>
      <div class="heading">
        <h1>Service clients</h1>
        {isAdmin && (
          <button type="button" class="button primary" onClick={() => setNew(true)}>
            <PlusIcon size={16} /> New client
          </button>
        )}
      </div>
      <Problem error={list.error} onRetry={list.reload} />
      <Table
        label="Service clients"
        columns={isAdmin ? [...columns, '-Actions'] : columns}
        widths={[3, 3, 3, 3, 3, 5]}
        rows={list.value?.clients}
        expected={3}
        keyOf={({ id }) => id}
        empty="No service client yet. A resource service needs one with the scope guard."
        row={client => (
          <>
            <ClientCells client={client} />
            {isAdmin && (
              <td class="end nowrap">
                <button type="button" class="button small" onClick={() => setRotated(client)}>
                  Rotate<span class="hidden"> the secret of {client.id}</span>
                </button>{' '}
                <button
                  type="button"
                  class="button small danger"
                  onClick={() => begin(deleteAction(client, list.reload))}
                >
                  Delete<span class="hidden"> {client.id}</span>
                </button>
              </td>
            )}
          </>
        )}
      />
      {isNew && (
        <Dialog title="New service client" kind="drawer" onClose={() => setNew(false)}>
          <NewClientForm onDone={list.reload} />
        </Dialog>
      )}
      {rotated && (
        <Dialog title={`Rotate the secret of ${rotated.id}`} kind="drawer" onClose={() => setRotated(undefined)}>
          <RotateForm
            client={rotated}
            onSubmit={action => {
              setRotated(undefined)
              begin({ ...action, onDone: list.reload })
            }}
          />
        </Dialog>
      )}
    </>
  )
}

function ClientCells({ client }: { client: ClientView }) {
  const { id, name, scopes, lastUsedAt, createdAt, previousSecretEndsAt } = client
  return (
    <>
      <td>
        <span class="strong break">
          <bdi>{name}</bdi>
        </span>
        <small class="mono block break">{id}</small>
      </td>
      <td>
        <div class="row wrap">
          {scopes.map(scope => (
            <span key={scope} class="pill">
              {scope}
            </span>
          ))}
        </div>
      </td>
      <td>
        <Time at={lastUsedAt} />
      </td>
      <td>
        <Time at={createdAt} />
      </td>
      <td>
        {previousSecretEndsAt && Date.parse(previousSecretEndsAt) > Date.now() ? (
          <span class="pill warn">
            the old one ends <Time at={previousSecretEndsAt} />
          </span>
        ) : (
          <span class="pill ok">one secret</span>
        )}
      </td>
    </>
  )
}
