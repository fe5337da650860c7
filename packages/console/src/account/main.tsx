/** `/account`: the devices and the password of the user who is logged in. */
import { mount } from '../ui/Gate.tsx'
import { Account } from './Account.tsx'

mount('My devices', <Account />, () => import('./later.ts'))
