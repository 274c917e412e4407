import { useState } from 'react'
import { TextField } from '@/ui'

type Props = { label: string; value: string; min?: string | undefined; hint?: string; onChange(day: string): void }

/**
 * A day, or '' for none, as soon as it is whole. What is typed stays in the field meanwhile: a year comes digit by digit
 * (0002 is on the way to 2027), and a date of which a part is missing is not the wish to have none.
 */
export function DateField({ value, onChange, ...field }: Props) {
  const [typed, setTyped] = useState<string>()
  return (
    <TextField
      {...field}
      type="date"
      max="9999-12-31"
      value={typed ?? value}
      onChange={({ target }) => {
        setTyped(target.value)
        const whole = target.value === '' ? !target.validity.badInput : target.value >= '1900'
        if (whole) onChange(target.value)
      }}
      onBlur={() => setTyped(undefined)}
    />
  )
}
