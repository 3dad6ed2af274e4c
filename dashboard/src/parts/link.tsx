import type { ComponentChildren } from 'preact'
import { addressOf, go } from '../state/router.ts'

interface LinkProps {
  to: string
  class?: string
  title?: string
  current?: boolean
  label?: string
  children: ComponentChildren
}

/** A link within the dashboard: a real one, so that it can be opened beside, copied, and reached by keyboard. */
export function Link({ to, class: name, title, current, label, children }: LinkProps) {
  const onClick = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  return (
    <a
      href={addressOf(to)}
      class={name}
      title={title}
      aria-label={label}
      aria-current={current ? 'page' : undefined}
      onClick={onClick}
    >
      {children}
    </a>
  )
}
