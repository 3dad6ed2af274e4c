import type { ComponentChildren } from 'preact'

/** What is shown where there is nothing: why, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
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
