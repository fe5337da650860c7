/** `/console`: for admins and auditors. */
import { mount } from '../ui/Gate.tsx'
import { Reauthenticate } from '../ui/Reauthenticate.tsx'
import { Console } from './Console.tsx'

mount(
  'Gatehouse console',
  <>
    <Console />
    <Reauthenticate />
  </>,
  () => import('./later.ts'),
)
