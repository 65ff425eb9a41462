import fc from "fast-check";
import { expect, test } from "vitest";
import { type CsvCell, csvFormat, writeCsv } from "./csv";

const pt = csvFormat("pt-BR");
const lines = (rows: CsvCell[][], format = pt) => writeCsv(rows, format).slice(1).split("\r\n");

test("columns and decimals are those that spreadsheets of the language expect", () => {
  expect(
    lines([
      ["Dia", "Nota"],
      ["24/11", 4.5],
    ]),
  ).toEqual(["Dia;Nota", "24/11;4,5", ""]);
  expect(lines([["Day", 4.5]], csvFormat("en"))).toEqual(["Day,4.5", ""]);
  expect(writeCsv([], pt).startsWith("\ufeff")).toBe(true);
});

test("separators, quotes and line breaks are quoted", () => {
  expect(lines([["a;b", 'ele disse "oi"', "x,y"]])[0]).toBe('"a;b";"ele disse ""oi""";"x,y"');
  expect(writeCsv([["duas\nlinhas"]], pt)).toContain('"duas\nlinhas"');
});

test("what was not measured is empty, and 0 is 0", () => {
  expect(lines([["a", null, 0, Number.NaN]])[0]).toBe("a;;0;");
});

test.each([
  ["=1+1", "'=1+1"],
  ["+55", "'+55"],
  ["-2", "'-2"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["  =1", "'  =1"],
  ["＝1", "'＝1"],
])("the text %s is no formula", (text, written) => expect(lines([[text]])[0]).toBe(written));

test("a number stays a number, also below 0", () => expect(lines([[-2.5]])[0]).toBe("-2,5"));

/** Reads CSV as RFC 4180 says. */
function parse(text: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === separator) {
      rows.at(-1)?.push(cell);
      cell = "";
    } else if (character === "\r" && text[at + 1] === "\n") {
      rows.at(-1)?.push(cell);
      cell = "";
      rows.push([]);
      at += 1;
    } else cell += character;
  }
  return rows.slice(0, -1);
}

test("every text comes back as it was, and none begins as a formula", () => {
  const text = fc.string({ unit: fc.constantFrom(..."ab=+-@;,\"'\r\n\t |éç") });
  const table = fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(table, fc.constantFrom("pt-BR", "en"), (rows, locale) => {
      const format = csvFormat(locale);
      const read = parse(writeCsv(rows, format).slice(1), format.separator);
      expect(read).toHaveLength(rows.length);
      read.flat().forEach((each, index) => {
        const original = rows.flat()[index] ?? "";
        expect([original, `'${original}`]).toContain(each);
        expect(/^\s*[=+\-@]/.test(each)).toBe(false);
        expect(/^[\t\r\n]/.test(each)).toBe(false);
      });
    }),
  );
});
