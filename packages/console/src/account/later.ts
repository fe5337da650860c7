/** What `/account` loads with the first log-in or error. It names the page, so that the bundler keeps all of the page in one file. */
import './main.tsx'

export { Login } from '../ui/Login.tsx'
export { ProblemNote } from '../ui/ProblemNote.tsx'
