/** `/account`: the devices and the password of the user who is logged in. */
import { render } from 'preact'
import { Gate } from '../ui/Gate.tsx'
import { Account } from './Account.tsx'

const app = document.getElementById('app')
if (app) {
  render(
    <Gate title="My devices">
      <Account />
    </Gate>,
    app,
  )
}
