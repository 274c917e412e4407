/** As the server counts: code points after trimming. */
export const LONGEST_TITLE = 255

export function titleError(title: string): string | undefined {
  const length = [...title.trim()].length
  if (length === 0) return 'A task needs a title.'
  if (length > LONGEST_TITLE) return `A title has at most ${LONGEST_TITLE} characters; this one has ${length}. Move the rest to the notes.`
  return undefined
}

/** A title that can't be saved is no change. */
export function cleanTitle(title: string): string | undefined {
  return titleError(title) ? undefined : title.trim()
}
