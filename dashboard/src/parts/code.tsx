import { notify } from '../state/notices.ts'
import { Icon } from './icon.tsx'

/** Copies a text for pasting elsewhere. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => notify(`Copied ${what}.`),
      () => notify('The browser did not let the page copy. Select the text and copy it.', true),
    )
  }
  return (
    <button type="button" class="quiet" aria-label={`Copy ${what}`} title={`Copy ${what}`} onClick={copy}>
      <Icon name="copy" />
    </button>
  )
}

/** Text to be read as it is, and copied. */
export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} role="region" aria-label={what}>
        {text}
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  )
}
