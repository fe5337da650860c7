/** The navigation: at the side on wide screens, at the top on narrow ones. */
import type { Me } from '@gatehouse/contract'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { client, root } from '../session.ts'
import {
  HomeIcon,
  KeyIcon,
  LaptopIcon,
  ListIcon,
  LogOutIcon,
  PlugIcon,
  PowerIcon,
  ShieldIcon,
  UsersIcon,
} from '../ui/icons.tsx'
import { base, to } from './paths.ts'

interface Entry {
  href: string
  text: string
  Icon: ComponentType<{ size?: number }>
  isForAdmins?: true
}

const entries: Entry[] = [
  { href: base, text: 'Overview', Icon: HomeIcon },
  { href: to('users'), text: 'Users', Icon: UsersIcon },
  { href: to('sessions'), text: 'Sessions', Icon: LaptopIcon, isForAdmins: true },
  { href: to('revocations'), text: 'Revocations', Icon: ShieldIcon },
  { href: to('audit'), text: 'Audit', Icon: ListIcon },
  { href: to('clients'), text: 'Service clients', Icon: PlugIcon },
  { href: to('keys'), text: 'Keys', Icon: KeyIcon },
  { href: to('end-all'), text: 'End everything', Icon: PowerIcon, isForAdmins: true },
]

export function Navigation({ me }: { me: Me }) {
  const { path } = useLocation()
  const isAdmin = me.roles.includes('admin')
  const isHere = (href: string) => (href === base ? path.replace(/\/$/, '') === base : path.startsWith(href))
  const here = entries.find(({ href }) => href !== base && isHere(href)) ?? entries[0]
  useEffect(() => {
    document.title = `${here?.text} – Gatehouse`
    // On a narrow screen the entries scroll sideways.
    document.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [here])
  useSearchKey()
  return (
    <nav class="side" aria-label="Console">
      <a class="skip" href="#page">
        Skip to the page
      </a>
      <div class="brand">
        <span class="mark small" />
        Gatehouse
      </div>
      <ul>
        {entries
          .filter(({ isForAdmins }) => isAdmin || !isForAdmins)
          .map(({ href, text, Icon }) => (
            <li key={href}>
              <a href={href} aria-current={here?.href === href ? 'page' : undefined}>
                <Icon /> {text}
              </a>
            </li>
          ))}
      </ul>
      <div class="who">
        <div class="grow">
          <div class="ellipsis" title={me.email}>
            <bdi>{me.email}</bdi>
          </div>
          <small>{isAdmin ? 'admin' : 'auditor'} · </small>
          <a class="small" href={new URL('account', root).href} target="_self">
            My devices
          </a>
        </div>
        <button
          type="button"
          class="button plain square"
          title="Log out"
          aria-label="Log out"
          onClick={() => client.signOut()}
        >
          <LogOutIcon />
        </button>
      </div>
    </nav>
  )
}

/** `/` moves to the search of the page. */
function useSearchKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (
        event.key !== '/' ||
        /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
        document.querySelector('dialog[open]')
      )
        return
      const search = document.querySelector<HTMLInputElement>('input[type=search]')
      if (search === null) return
      event.preventDefault()
      search.focus()
      search.select()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
