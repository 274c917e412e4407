// The messages of docs/live, as far as the page reads them. Unknown types are passed over, those with a
// position still move the place.

export type Place = { epoch: string; position: number }

type Positioned = { event_id: string; position: number; timestamp: string; user_id: string }

export type Action = 'created' | 'updated' | 'completed' | 'deleted'

export type TaskUpdate = Positioned & { type: 'task_update'; action: Action; event_type: string; data: Record<string, unknown> }

export type ReminderDue = Positioned & {
  type: 'notification-created'
  data: { notification_id: string; message: string; task_id: string; due_date: string | null; late_by: number }
}

export type StreamMessage = TaskUpdate | ReminderDue

export type ServerMessage =
  | StreamMessage
  | { type: 'connected'; timestamp: string; epoch: string; position: number }
  | { type: 'resync'; reason: 'epoch' | 'expired' | 'future' }
  | { type: 'auth_expiring'; expires_in: number }
  | { type: 'pong' }

/** A message of the server, or undefined for what is none. */
export function decode(text: string): ServerMessage | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'type' in message ? (message as ServerMessage) : undefined
  } catch {
    return undefined
  }
}

export function isOfStream(message: ServerMessage): message is StreamMessage {
  return 'position' in message && 'event_id' in message
}

export function placeOf(header: string | null): Place | undefined {
  const match = /^(.+):(\d+)$/.exec(header ?? '')
  return match?.[1] && match[2] ? { epoch: match[1], position: Number(match[2]) } : undefined
}
