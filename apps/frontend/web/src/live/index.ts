export { Live, type Connection } from './live'
export { placeOf, type Place, type ReminderDue, type StreamMessage, type TaskUpdate } from './messages'
