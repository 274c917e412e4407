import { Monitor, Moon, Sun } from 'lucide-react'
import { useState } from 'react'
import { errorText } from '@/api'
import { usePreferences, useSavePreferences } from '@/app/preferences'
import { THEMES } from '@/app/user-menu'
import { browserZone, format, now, useNow } from '@/time'
import { Button, Card, Note, Section, Segmented, SelectField } from '@/ui'
import { zoneOptions } from './zones'

const icons = { light: Sun, dark: Moon, system: Monitor }

export function Appearance() {
  const { theme } = usePreferences()
  const save = useSavePreferences()
  return (
    <Section title="Theme" hint="On all of your devices.">
      <Segmented
        label="Theme" value={theme} onChange={(next) => save.mutate({ theme: next })} className="w-full sm:w-auto"
        options={THEMES.map(({ value, label }) => {
          const Icon = icons[value]
          return { value, name: label, label: <><Icon aria-hidden="true" className="size-4" /><span>{value === 'system' ? 'System' : label}</span></> }
        })}
      />
      {save.error && <Note tone="danger" className="mt-3">{errorText(save.error)}</Note>}
    </Section>
  )
}

export function TimeZone() {
  const { timeZone } = usePreferences()
  const save = useSavePreferences()
  const time = useNow()
  const here = browserZone()
  const [options] = useState(() => zoneOptions(timeZone, now()))
  return (
    <Section title="Time zone" hint="It decides when your days begin and end, what is overdue, and when a reminder comes.">
      <Card className="flex flex-col gap-3">
        <SelectField
          label="Time zone" value={timeZone} options={options} onChange={(e) => save.mutate({ timeZone: e.target.value })}
          hint={`It is ${format(time, timeZone, { weekday: 'long', hour: 'numeric', minute: '2-digit' })} there.`}
        />
        {here !== timeZone && (
          <Note action={<Button size="sm" busy={save.isPending} onClick={() => save.mutate({ timeZone: here })}>Use {here.replaceAll('_', ' ')}</Button>}>This device is in another zone.</Note>
        )}
        {save.error && <Note tone="danger">{errorText(save.error)}</Note>}
      </Card>
    </Section>
  )
}
