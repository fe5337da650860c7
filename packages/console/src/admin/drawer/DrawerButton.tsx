/** A button that opens a drawer. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from '../../ui/Dialog.tsx'
import { PlusIcon } from '../../ui/icons.tsx'

export interface DrawerButtonProps {
  class?: string
  title: string
  /** Of the button; the title, with a plus, unless given. */
  text?: ComponentChildren
  /** What the drawer shows. */
  children: (close: () => void) => ComponentChildren
}

export function DrawerButton({ class: name = 'primary', title, text, children }: DrawerButtonProps) {
  const [isOpen, setOpen] = useState(false)
  const close = () => setOpen(false)
  return (
    <>
      <button type="button" class={`button ${name}`} onClick={() => setOpen(true)}>
        {text ?? (
          <>
            <PlusIcon size={16} /> {title}
          </>
        )}
      </button>
      {isOpen && (
        <Dialog title={title} kind="drawer" onClose={close}>
          {children(close)}
        </Dialog>
      )}
    </>
  )
}
