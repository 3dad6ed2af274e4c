import { useState } from 'preact/hooks'
import { refusal, service, signIn } from '../state/session.ts'

/** Asks for a key, where the service wants one. */
export function SignInView() {
  const [key, setKey] = useState('')
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    await signIn(key.trim() === '' ? undefined : key.trim())
    setBusy(false)
  }
  return (
    <main class="sign-in" id="main">
      <h1>{service.value.name}</h1>
      <p>
        Give an API key with the scope <code>read</code> to see jobs, <code>submit</code> to add some,{' '}
        <code>operate</code> to cancel and retry them. It stays in this tab until that is closed.
      </p>
      <form onSubmit={submit}>
        <label for="key">API key</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          aria-invalid={refusal.value !== undefined}
          aria-describedby="refusal"
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'Asking…' : 'Open'}
        </button>
      </form>
      <p id="refusal" class="refusal" role="alert">
        {refusal.value}
      </p>
      <p class="muted">
        Keys are made by <code>longshore keys create</code>.
      </p>
    </main>
  )
}
