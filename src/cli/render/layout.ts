import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Text wrapped to `width` columns, every line indented; words longer than a line stay whole, so that they can be copied. */
export function paragraph(text: string, width: number, indent: string, first = indent): string {
  // A tab is as wide as the terminal likes.
  const lines = wrapAnsi(text.replaceAll('\t', '  '), Math.max(20, width - indent.length), {
    hard: false,
    trim: true,
  }).split('\n');
  return lines.map((line, i) => (i === 0 ? first : indent) + line).join('\n');
}

/** Rows as aligned columns, two spaces apart, the last column as long as it is. */
export function columns(table: readonly (readonly string[])[], indent = ''): string {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll('\t', ' ')));
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => stringWidth(row[i] ?? ''))));
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - stringWidth(cell))))
          .join('  ')
          .trimEnd(),
    )
    .join('\n');
}
