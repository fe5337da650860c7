/** `/account/device`: the `verification_uri` of RFC 8628. */
import { render } from 'preact'
import { Gate } from '../ui/Gate.tsx'
import { ConnectDevice } from './ConnectDevice.tsx'

const app = document.getElementById('app')
if (app) {
  render(
    <Gate title="Connect a device">
      <ConnectDevice />
    </Gate>,
    app,
  )
}
