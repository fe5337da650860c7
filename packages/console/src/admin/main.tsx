/** `/console`: for admins and auditors. */
import { render } from 'preact'
import { Gate } from '../ui/Gate.tsx'
import { Console } from './Console.tsx'

const app = document.getElementById('app')
if (app) {
  render(
    <Gate title="Gatehouse console">
      <Console />
    </Gate>,
    app,
  )
}
