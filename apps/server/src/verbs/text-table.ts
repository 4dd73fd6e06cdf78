type Cell = string | number | boolean | undefined

/** Columns with a line of titles; numbers to the right. */
export function textTable(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map(textOf))
  const widths = titles.map((title, at) => {
    return Math.max(title.length, ...cells.map((row) => row[at]!.length))
  })
  const isNumber = titles.map((_, at) => rows.every((row) => typeof row[at] !== 'string'))
  const line = (row: readonly string[]) => {
    const padded = row.map((cell, at) => {
      return isNumber[at] ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)
    })
    return padded.join('  ').trimEnd()
  }
  return [line(titles), ...cells.map(line)].join('\n')
}

function textOf(cell: Cell): string {
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  return cell === undefined ? '-' : String(cell)
}
