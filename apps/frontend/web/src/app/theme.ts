export type Theme = 'light' | 'dark' | 'system'

const KEY = 'tasktide:theme'
const dark = () => window.matchMedia('(prefers-color-scheme: dark)')

/** What was chosen in this browser last; the server's preference follows when it is there. */
export function rememberedTheme(): Theme {
  try {
    const theme = localStorage.getItem(KEY)
    return theme === 'light' || theme === 'dark' ? theme : 'system'
  } catch {
    return 'system'
  }
}

/** Shows a theme, and remembers it for the first paint of the next visit (index.html reads it). */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme === 'system' ? (dark().matches ? 'dark' : 'light') : theme
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // Forbidden storage: the theme lasts as long as the page.
  }
}

/** Follows the system's theme while none is chosen. */
export function followSystem(): void {
  dark().addEventListener('change', () => showTheme(rememberedTheme()))
}
