/** What has changed about an account since the admin saw it. */
import type { UserView } from '@gatehouse/contract'

const rows: [label: string, text: (user: UserView) => string][] = [
  ['State', user => user.state],
  ['Roles', user => user.roles.join(' ') || 'none'],
  ['Scopes', user => user.scopes.join(' ') || 'none'],
  ['Password', user => (user.mustChangePassword ? 'must change' : 'valid')],
  ['Version', user => String(user.version)],
]

export function Difference({ before, after }: { before: UserView; after: UserView }) {
  const changed = rows.filter(([, text]) => text(before) !== text(after))
  return (
    <div class="card difference">
      <table>
        <caption>Another administrator has changed this account.</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">What</span>
            </th>
            <th scope="col">You saw</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {changed.map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td class="break">
                <del>{text(before)}</del>
              </td>
              <td class="break">
                <ins>{text(after)}</ins>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
