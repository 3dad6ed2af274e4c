import type { ComponentChildren } from 'preact'

interface EmptyProps {
  title: string
  /** Whether nothing else is shown: then the title is that of the view. */
  isView?: boolean
  children?: ComponentChildren
}

/** What is shown where there is nothing: why, and what to do. */
export function Empty({ title, isView, children }: EmptyProps) {
  return (
    <div class="empty">
      {isView ? <h1 tabIndex={-1}>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  )
}

/** What could not be read, and how to try again. */
export function Fault({ error, retry }: { error: string; retry?: () => void }) {
  return (
    <div class="fault" role="alert">
      <span>{error}</span>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}
