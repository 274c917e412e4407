import { Download, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { errorText, ok, patientApi } from '@/api'
import { useZone } from '@/app/preferences'
import { useUser } from '@/app/scope'
import { dayOf, now } from '@/time'
import { Button, Card, Note, Section } from '@/ui'
import { EraseDialog } from './erase-dialog'

/** All that is kept of a person: to take along, or to remove. */
export function Data() {
  const [erasing, setErasing] = useState(false)
  return (
    <Section title="Your data">
      <div className="flex flex-col gap-3">
        <Export />
        <Card className="flex flex-wrap items-center gap-3 border-danger/50">
          <div className="min-w-0 flex-1 basis-60">
            <h3 className="text-sm font-medium">Delete account and data</h3>
            <p className="text-sm text-ink-2">Tasks, history, notifications, events and the account, at once and for good.</p>
          </div>
          <Button className="!text-danger" onClick={() => setErasing(true)}><Trash2 aria-hidden="true" className="size-4" />Delete…</Button>
        </Card>
      </div>
      {erasing && <EraseDialog onClose={() => setErasing(false)} />}
    </Section>
  )
}

function Export() {
  const user = useUser().id
  const zone = useZone()
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const [done, setDone] = useState(false)

  async function save(): Promise<void> {
    setBusy(true)
    setFailure(undefined)
    setDone(false)
    try {
      const blob = await ok(patientApi.GET('/api/{user_id}/export', { params: { path: { user_id: user } }, parseAs: 'blob' }))
      download(blob, `tasktide-${dayOf(now(), zone)}.json`)
      setDone(true)
    } catch (error) {
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Card className="flex flex-wrap items-center gap-3">
      <div className="min-w-0 flex-1 basis-60">
        <h3 className="text-sm font-medium">Export</h3>
        <p className="text-sm text-ink-2" role="status">{done ? 'The file is among your downloads.' : 'Everything that is kept about you, as it is now, in one JSON file.'}</p>
      </div>
      <Button busy={busy} onClick={() => void save()}><Download aria-hidden="true" className="size-4" />Export as JSON</Button>
      {failure !== undefined && <Note tone="danger" className="w-full">{errorText(failure)}</Note>}
    </Card>
  )
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads it after the click.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
