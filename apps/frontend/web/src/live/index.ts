export { Live, type Connection, type Refusal } from './live'
export { placeOf, type Place, type ReminderDue, type StreamMessage, type TaskUpdate } from './messages'
