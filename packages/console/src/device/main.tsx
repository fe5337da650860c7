/** `/account/device`: the `verification_uri` of RFC 8628. */
import { render } from 'preact'
import { Gate, Splash } from '../ui/Gate.tsx'
import { lazy } from '../ui/lazy.tsx'

const ConnectDevice = lazy(async () => (await import('./ConnectDevice.tsx')).ConnectDevice, Splash)

const app = document.getElementById('app')
if (app) {
  render(
    <Gate title="Connect a device">
      <ConnectDevice />
    </Gate>,
    app,
  )
}
