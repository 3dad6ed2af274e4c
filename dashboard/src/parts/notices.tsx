import { dismiss, notices } from '../state/notices.ts'
import { Icon } from './icon.tsx'

/** What happened of late; read out as it comes. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, isFault }) => (
        <div key={id} class={isFault ? 'notice notice-fault' : 'notice'}>
          <Icon name={isFault ? 'failed' : 'completed'} />
          <span>{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
