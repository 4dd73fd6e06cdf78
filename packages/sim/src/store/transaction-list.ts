import type { TransactionFilter, TransactionRow } from './port.ts'

export function listed(rows: TransactionRow[], filter: TransactionFilter): TransactionRow[] {
  const { before = Number.POSITIVE_INFINITY, after, limit } = filter
  const wanted = ['status', 'kind', 'name', 'key'] as const
  const found = rows.filter((row) => {
    if (wanted.some((field) => filter[field] !== undefined && filter[field] !== row[field])) {
      return false
    }
    return row.createdAt < before && (after === undefined || oldestFirst(after, row) < 0)
  })
  return found.sort(oldestFirst).slice(0, limit)
}

type Place = Pick<TransactionRow, 'createdAt' | 'id'>

export function oldestFirst(one: Place, other: Place): number {
  if (one.createdAt !== other.createdAt) return one.createdAt - other.createdAt
  if (one.id === other.id) return 0
  return one.id < other.id ? -1 : 1
}
