/** A Markdown table, its columns padded as the formatter of this repository pads them, so that it leaves the page alone. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], filler: string): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  return [line(header, ' '), line([], '-'), ...rows.map((row) => line(row, ' '))].join('\n');
}
