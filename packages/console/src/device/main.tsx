/** `/account/device`: the `verification_uri` of RFC 8628. */
import { mount } from '../ui/Gate.tsx'
import { Reauthenticate } from '../ui/Reauthenticate.tsx'
import { ConnectDevice } from './ConnectDevice.tsx'

mount(
  'Connect a device',
  <>
    <ConnectDevice />
    <Reauthenticate />
  </>,
  () => import('./later.ts'),
)
