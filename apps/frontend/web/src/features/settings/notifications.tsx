import { useState } from 'react'
import { askPermission, permission, setWanted, wanted } from '@/features/notifications/desktop'
import { Card, Note, Section, Switch } from '@/ui'

/** Whether reminders show outside the page. The browser is asked by this click, and never else. */
export function Notifications() {
  const [allowed, setAllowed] = useState(permission)
  const [on, setOn] = useState(wanted)

  async function change(next: boolean): Promise<void> {
    if (next && allowed !== 'granted') setAllowed(await askPermission())
    setWanted(next)
    setOn(next)
  }
  return (
    <Section title="Reminders outside the page" hint="In the page a reminder always shows. This is for when you look at something else, while the page is open in a tab or installed.">
      <Card className="flex flex-col gap-3">
        <Switch
          label="Show reminders as notifications of this browser" hint="For this browser on this device."
          checked={on && allowed === 'granted'} disabled={allowed === 'unsupported' || allowed === 'denied'} onChange={(next) => void change(next)}
        />
        {allowed === 'unsupported' && <Note tone="warn">{window.isSecureContext ? 'This browser has no notifications. On an iPhone or iPad put the page on the home screen first.' : 'Browsers show notifications only for pages with an https address. Whoever runs this server can set one up.'}</Note>}
        {allowed === 'denied' && <Note tone="warn">This browser was told not to let the page show notifications. Allow them in its settings for this page, then load it again.</Note>}
      </Card>
    </Section>
  )
}
