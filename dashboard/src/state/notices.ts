import { signal } from '@preact/signals'
import { messageOf } from './session.ts'

/** Something to be told once. */
export interface Notice {
  id: number
  text: string
  isFault: boolean
}

export const notices = signal<readonly Notice[]>([])

let last = 0

/** Tells something for a while. */
export function notify(text: string, isFault = false): void {
  const notice = { id: ++last, text, isFault }
  notices.value = [...notices.value.slice(-2), notice]
  setTimeout(() => dismiss(notice.id), isFault ? 12_000 : 5_000)
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id)
}

/** Does something and tells how it went; answers whether it went well. */
export async function attempt(action: () => Promise<string>): Promise<boolean> {
  try {
    notify(await action())
    return true
  } catch (failure) {
    notify(messageOf(failure), true)
    return false
  }
}
