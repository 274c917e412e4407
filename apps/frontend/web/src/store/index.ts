export { changesOf, merge, same, wireTime, type Changes, type Edits, type Field } from './fields'
export type { Op } from './ops'
export { TaskStore, UNDO_MS, type Row, type RowState, type View } from './tasks'
export { uuid } from './uuid'
