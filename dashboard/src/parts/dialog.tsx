import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface DialogProps {
  title: string
  /** What the button that does it says. */
  action: string
  isDangerous?: boolean
  isBusy?: boolean
  isOff?: boolean
  onAction(): void
  onClose(): void
  children: ComponentChildren
}

/** Asks before something is done. Escape and the first button leave it undone. */
export function Dialog({ title, action, isDangerous, isBusy, isOff, onAction, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          {isBusy ? 'Close' : 'Leave as it is'}
        </button>
        <button type="button" class={isDangerous ? 'danger' : 'primary'} disabled={isBusy || isOff} onClick={onAction}>
          {action}
        </button>
      </div>
    </dialog>
  )
}
