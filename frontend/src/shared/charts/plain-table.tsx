interface PlainTableProps {
  /** The accessible name. */
  caption: string;
  heads: readonly string[];
  /** The first cell names its row; it is also its key. */
  rows: readonly (readonly [string, ...string[]])[];
}

/** The values of a chart in rows, for those who prefer to read them. */
export function PlainTable({ caption, heads, rows }: PlainTableProps) {
  return (
    <table className="w-full text-list tabular-nums">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr className="border-divider border-b text-meta text-text-2">
          {heads.map((head, index) => (
            <th
              key={head}
              scope="col"
              className={index === 0 ? "py-2 text-left font-medium" : "py-2 text-right font-medium"}
            >
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, ...cells]) => (
          <tr key={name} className="h-9 border-divider border-b last:border-0">
            <th scope="row" className="text-left font-medium">
              {name}
            </th>
            {cells.map((cell, index) => (
              <td key={heads[index + 1]} className="text-right">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
