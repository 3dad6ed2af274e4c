import { ApiError, type Caller, JobClient } from '@longshore/client'
import { computed, signal } from '@preact/signals'
import { serviceUrl } from './router.ts'

const STORED = 'longshore.key'

/** Whether it is known who looks. */
export const phase = signal<'starting' | 'signed-out' | 'signed-in'>('starting')

/** What is wrong with the key that was given, or with the service. */
export const refusal = signal<string | undefined>(undefined)

/** Who looks. */
export const caller = signal<Caller>({ name: '', tenant: null, scopes: [], expires_at: null })

/** Name and version of the service. */
export const service = signal({ name: 'Longshore', version: '' })

/** Whether the service asks for keys at all. */
export const hasKey = signal(false)

/** Which of the things that need a scope may be done. */
export const can = computed(() => ({
  read: caller.value.scopes.includes('read'),
  submit: caller.value.scopes.includes('submit'),
  operate: caller.value.scopes.includes('operate'),
}))

let speaking = clientWith(undefined)

/** Speaks to the service with the key that was given. */
export function client(): JobClient {
  return speaking
}

function clientWith(apiKey: string | undefined): JobClient {
  return new JobClient({ url: serviceUrl, apiKey })
}

/** Takes a key, or none, if the service lets in who has it. The key is kept until the tab is closed. */
export async function signIn(key: string | undefined): Promise<void> {
  const before = speaking
  try {
    speaking = clientWith(key)
    caller.value = await speaking.whoami()
    hasKey.value = key !== undefined
    if (key !== undefined) sessionStorage.setItem(STORED, key)
    refusal.value = undefined
    phase.value = 'signed-in'
  } catch (failure) {
    speaking = before
    phase.value = 'signed-out'
    refusal.value = key === undefined && isUnknown(failure) ? undefined : messageOf(failure)
  }
}

/** Forgets the key. */
export function signOut(): void {
  sessionStorage.removeItem(STORED)
  speaking = clientWith(undefined)
  hasKey.value = false
  phase.value = 'signed-out'
}

function isUnknown(failure: unknown): boolean {
  return failure instanceof ApiError && failure.status === 401
}

/** What a person is told of a failure. A key that is no longer good ends the session. */
export function messageOf(failure: unknown): string {
  if (isUnknown(failure) && phase.value === 'signed-in') {
    signOut()
    refusal.value = 'Your key is no longer good. Give another one.'
  }
  return failure instanceof Error ? failure.message : String(failure)
}

client()
  .health({ timeoutMs: 10_000 })
  .then((health) => {
    service.value = health
    document.title = `${health.name} · Longshore`
  })
  .catch(() => {})

const stored = sessionStorage.getItem(STORED) ?? undefined
if (stored === undefined && document.documentElement.dataset.keys === 'yes') phase.value = 'signed-out'
else signIn(stored)
