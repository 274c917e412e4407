import { cx } from './cx'

/** Keys to press, one after the other: "g t". */
export function Kbd({ keys, inverted = false }: { keys: string; inverted?: boolean }) {
  return (
    <span className="inline-flex gap-1">
      {keys.split(' ').map((key, index) => (
        <kbd
          key={index}
          className={cx(
            'inline-flex min-w-5 justify-center rounded-sm border px-1 font-sans text-2xs leading-4.5',
            inverted ? 'border-bg/30 text-bg' : 'border-line bg-sunken text-ink-2',
          )}
        >
          {key}
        </kbd>
      ))}
    </span>
  )
}
