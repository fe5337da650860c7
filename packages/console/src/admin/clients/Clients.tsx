/** The service clients: programs that authenticate as themselves. */
import type { ClientList, ClientView } from '@gatehouse/contract'
import { Pills } from '../../ui/Pills.tsx'
import { Time } from '../../ui/Time.tsx'
import { useData } from '../../useData.ts'
import { begin } from '../drawer/action.ts'
import { DrawerButton } from '../drawer/DrawerButton.tsx'
import { ListPage } from '../ListPage.tsx'
import { deleteAction } from './clientActions.tsx'
import { NewClientForm } from './NewClientForm.tsx'
import { RotateForm } from './RotateForm.tsx'

export function Clients() {
  const list = useData<ClientList>('admin/clients', 10_000)
  return (
    <ListPage
      title="Service clients"
      list={list}
      button={<DrawerButton title="New client">{() => <NewClientForm onDone={list.reload} />}</DrawerButton>}
      columns={{
        Client: [
          3,
          ({ id, name }) => (
            <>
              <bdi class="strong break">{name}</bdi>
              {name !== id && <small class="mono block break">{id}</small>}
            </>
          ),
        ],
        Scopes: [3, ({ scopes }) => <Pills names={scopes} otherwise="none" />],
        'Last used': [3, ({ lastUsedAt }) => <Time at={lastUsedAt} />],
        Created: [3, ({ createdAt }) => <Time at={createdAt} />],
        Secret: [3, ({ previousSecretEndsAt }) => <SecretState endsAt={previousSecretEndsAt} />],
        Actions: [4.5, client => <ClientButtons client={client} onDone={list.reload} />],
      }}
      rows={list.value?.clients}
      keyOf={({ id }) => id}
      empty="No service client yet. A resource service needs one with the scope guard."
    />
  )
}

function ClientButtons({ client, onDone }: { client: ClientView; onDone: () => void }) {
  const text = (
    <>
      Rotate<span class="hidden"> the secret of {client.id}</span>
    </>
  )
  return (
    <>
      <DrawerButton class="small" title={`Rotate the secret of ${client.id}`} text={text}>
        {close => (
          <RotateForm
            client={client}
            onSubmit={action => {
              close()
              begin({ ...action, onDone })
            }}
          />
        )}
      </DrawerButton>
      <button type="button" class="button small danger" onClick={() => begin(deleteAction(client, onDone))}>
        Delete<span class="hidden"> {client.id}</span>
      </button>
    </>
  )
}

function SecretState({ endsAt }: { endsAt: string | null }) {
  if (endsAt === null || Date.parse(endsAt) <= Date.now()) return 'one'
  return (
    <span class="pill warn">
      the old one ends <Time at={endsAt} />
    </span>
  )
}
