/** A native popover with buttons, below its own button. */
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'

export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const menu = useRef<HTMLDivElement>(null)
  const place = () => {
    if (!button.current || !menu.current) return
    const { bottom, right } = button.current.getBoundingClientRect()
    Object.assign(menu.current.style, {
      top: `${bottom + 6}px`,
      right: `${Math.max(8, document.documentElement.clientWidth - right)}px`,
    })
  }
  return (
    <>
      <button ref={button} type="button" class="button" popovertarget={id} onClick={place}>
        {label} <span aria-hidden="true">▾</span>
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: a key press on its buttons is a click */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it closes after a click on a button */}
      <div ref={menu} id={id} popover="auto" class="menu" onClick={() => menu.current?.hidePopover()}>
        {children}
      </div>
    </>
  )
}
