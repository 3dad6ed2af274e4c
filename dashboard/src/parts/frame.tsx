import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { connection, useChanges } from '../state/live.ts'
import { path, query, segments } from '../state/router.ts'
import { caller, can, hasKey, phase, service, signOut } from '../state/session.ts'
import { nextTheme, theme } from '../state/theme.ts'
import { Icon, type IconName } from './icon.tsx'
import { Link } from './link.tsx'
import { Notices } from './notices.tsx'

const CONNECTIONS = { connecting: 'Connecting', live: 'Live', broken: 'Reconnecting' } as const

/** What stands around every view. */
export function Frame({ children }: { children: ComponentChildren }) {
  const mayRead = phase.value !== 'signed-in' || can.value.read
  const limit = phase.value === 'signed-in' ? limitOf(can.value) : undefined
  useChanges(() => {})
  useEffect(() => {
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="bar">
        <Link to="/" class="brand">
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <rect x="3" y="8" width="26" height="16" rx="2" fill="var(--brand)" />
            <path d="M9 12v8M14 12v8M19 12v8M24 12v8" stroke="#fff" stroke-width="2" />
          </svg>
          <span class="brand-name">{service.value.name}</span>
          <span class="muted version">{service.value.version}</span>
        </Link>
        <nav aria-label="Views">
          {mayRead && (
            <>
              <Tab to="/" icon="overview" name="Overview" isCurrent={segments.value.length === 0} />
              <Tab to="/jobs" icon="jobs" name="Jobs" isCurrent={segments.value[0] === 'jobs' && !isFailed()} />
              <Tab to="/jobs?status=failed" icon="failed" name="Failed" isCurrent={isFailed()} />
              <Tab to="/schedules" icon="schedules" name="Schedules" isCurrent={path.value === '/schedules'} />
            </>
          )}
          {can.value.submit && <Tab to="/submit" icon="submit" name="Submit" isCurrent={path.value === '/submit'} />}
        </nav>
        <div class="bar-end">
          {mayRead && (
            <span class={`connection connection-${connection.value}`} title="Whether changes are shown as they happen">
              <span class="dot" />
              <span class="wide">{CONNECTIONS[connection.value]}</span>
            </span>
          )}
          {caller.value.tenant !== null && <span class="chip wide">{caller.value.tenant}</span>}
          {limit !== undefined && <span class="chip wide">{limit}</span>}
          <button
            type="button"
            class="quiet"
            onClick={nextTheme}
            aria-label={`Theme: ${theme.value}`}
            title={`Theme: ${theme.value}`}
          >
            <Icon name="theme" />
          </button>
          {hasKey.value && (
            <button
              type="button"
              class="quiet"
              onClick={signOut}
              aria-label={`Sign out ${caller.value.name}`}
              title={`Sign out ${caller.value.name}`}
            >
              <Icon name="leave" />
            </button>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Notices />
    </>
  )
}

/** What a key with few scopes is told; undefined for one that may do most things. */
function limitOf({ read, submit, operate }: typeof can.value): string | undefined {
  if (read) return submit || operate ? undefined : 'Read only'
  return submit && !operate ? 'May only submit' : 'May not read'
}

function isFailed(): boolean {
  return path.value === '/jobs' && query.value.toString() === 'status=failed'
}

function Tab({ to, icon, name, isCurrent }: { to: string; icon: IconName; name: string; isCurrent: boolean }) {
  return (
    <Link to={to} class="tab" current={isCurrent}>
      <Icon name={icon} />
      <span>{name}</span>
    </Link>
  )
}

/** `/` goes to the first field of the view. */
function onKey(event: KeyboardEvent): void {
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return
  const field = document.querySelector<HTMLElement>('main input:not([type=checkbox]):not([type=file])')
  if (field === null) return
  event.preventDefault()
  field.focus()
}
