import { ask } from '../state/router.ts'

interface PagesProps {
  /** Asks for the page after this one; null or undefined when there is none. */
  next: string | null | undefined
  /** Asked for this one; undefined on the first. */
  cursor: string | undefined
  /** How the first page, the one before and the one after are called. */
  names: readonly [first: string, before: string, after: string]
}

/** Leads from a page of a listing to its neighbours; nothing when it is the only one. */
export function Pages({ next, cursor, names: [first, before, after] }: PagesProps) {
  if (!next && cursor === undefined) return null
  const turn = (to: string | undefined): void => {
    ask({ cursor: to })
    scrollTo(0, 0)
  }
  return (
    <nav class="pages" aria-label="Pages">
      {cursor !== undefined && (
        <>
          <button type="button" onClick={() => turn(undefined)}>
            {first}
          </button>
          <button type="button" onClick={() => history.back()}>
            {before}
          </button>
        </>
      )}
      {next && (
        <button type="button" onClick={() => turn(next)}>
          {after}
        </button>
      )}
    </nav>
  )
}
