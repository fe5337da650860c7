/** `/console`: for admins and auditors. */
import { render } from 'preact'
import { Gate } from '../ui/Gate.tsx'

const app = document.getElementById('app')
if (app) render(<Gate title="Gatehouse console">…</Gate>, app)
