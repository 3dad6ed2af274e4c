import { signal } from '@preact/signals'

const STORED = 'longshore.theme'

/** How the page looks: as the system does unless chosen. */
export type Theme = 'system' | 'light' | 'dark'

export const theme = signal<Theme>(stored())

function stored(): Theme {
  const value = localStorage.getItem(STORED)
  return value === 'light' || value === 'dark' ? value : 'system'
}

/** Makes the page look as chosen. */
export function applyTheme(): void {
  const { dataset } = document.documentElement
  if (theme.value === 'system') delete dataset.theme
  else dataset.theme = theme.value
}

/** System, light, dark, and again. */
export function nextTheme(): void {
  theme.value = theme.value === 'system' ? 'light' : theme.value === 'light' ? 'dark' : 'system'
  localStorage.setItem(STORED, theme.value)
  applyTheme()
}
