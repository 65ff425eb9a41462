export interface CsvFormat {
  separator: string;
  /** The decimal point of numbers. */
  decimal: string;
}

/** What spreadsheets of the language expect. */
export function csvFormat(locale: string): CsvFormat {
  return locale.startsWith("pt")
    ? { separator: ";", decimal: "," }
    : { separator: ",", decimal: "." };
}

export type CsvCell = string | number | null;

// A spreadsheet runs a text that begins with one of these as a formula. The names come from customers
// and colleagues, so a text is made harmless by an apostrophe; numbers are ours and stay numbers.
const FORMULA = /^(?:[\s\u00a0\ufeff]*[=+\-@＝＋－＠]|[\t\r\n])/u;

function writeCell(cell: CsvCell, { separator, decimal }: CsvFormat): string {
  if (cell === null) return "";
  if (typeof cell === "number")
    return Number.isFinite(cell) ? String(cell).replace(".", decimal) : "";
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  const isPlain = !/["\r\n\t;,]/.test(text) && !text.includes(separator) && text.trim() === text;
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`;
}

/** Rows as CSV (RFC 4180, lines end with CR LF), with a mark of UTF-8 that spreadsheets look for. */
export function writeCsv(rows: readonly (readonly CsvCell[])[], format: CsvFormat): string {
  const lines = rows.map((row) =>
    row.map((cell) => writeCell(cell, format)).join(format.separator),
  );
  return `\ufeff${lines.join("\r\n")}\r\n`;
}

/** Hands a file to the browser's downloads. */
export function downloadText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken the file once the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
