/** `/account`: the devices and the password of the user who is logged in. */
import { render } from 'preact'
import { Gate, Splash } from '../ui/Gate.tsx'
import { lazy } from '../ui/lazy.tsx'

const Account = lazy(async () => (await import('./Account.tsx')).Account, Splash)

const app = document.getElementById('app')
if (app) {
  render(
    <Gate title="My devices">
      <Account />
    </Gate>,
    app,
  )
}
