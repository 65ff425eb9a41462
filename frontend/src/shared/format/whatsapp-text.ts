/** A part of a message's text. Text is never HTML: components draw these parts as elements. */
export type TextNode =
  | { type: "text"; text: string }
  | { type: "link"; text: string; href: string }
  | { type: "code"; text: string }
  | { type: "bold" | "italic" | "strike"; children: TextNode[] };

export type TextBlock =
  | { type: "paragraph" | "quote"; children: TextNode[] }
  | { type: "preformatted"; text: string }
  | { type: "list"; ordered: boolean; start: number; items: TextNode[][] };

const MARKS = { "*": "bold", _: "italic", "~": "strike" } as const;
/** Longer texts are shown without formatting: a screen must not hang on a hostile one. */
const MAX_FORMATTED_LENGTH = 8_000;
const FENCE = "```";

/** Splits a text into links and the texts between them. */
export type SplitLinks = (text: string) => TextNode[];

/** Parses WhatsApp's marks: `*bold*`, `_italic_`, `~strike~`, code, quotes, lists and links. */
export function parseWhatsAppText(text: string, splitLinks: SplitLinks): TextBlock[] {
  if (text.length > MAX_FORMATTED_LENGTH) {
    return [{ type: "paragraph", children: [{ type: "text", text }] }];
  }
  const parts = text.split(FENCE);
  // An odd number of fences: the last one is plain text.
  if (parts.length % 2 === 0) parts.push(`${FENCE}${parts.pop() ?? ""}`);
  const last = parts.length - 1;
  return parts.flatMap((part, index): TextBlock[] => {
    if (index % 2 === 1 && index < last)
      return [{ type: "preformatted", text: trimLineBreaks(part) }];
    return parseLines(index > 0 || index < last ? trimLineBreaks(part) : part, splitLinks);
  });
}

/** The text without marks, on one line: for lists and notifications. */
export function plainWhatsAppText(text: string, limit = 160): string {
  const blocks = parseWhatsAppText(text.slice(0, limit * 4), splitAddresses);
  return blocks.map(blockText).join(" ").replace(/\s+/g, " ").trim().slice(0, limit);
}

/** Enough where links cannot be clicked: what recognises all of them is too large for the first page. */
function splitAddresses(text: string): TextNode[] {
  return text
    .split(/((?:https?:\/\/|www\.)\S+)/i)
    .map((part, index) =>
      index % 2 === 1 ? { type: "link", text: part, href: part } : { type: "text", text: part },
    );
}

function blockText(block: TextBlock): string {
  switch (block.type) {
    case "preformatted":
      return block.text;
    case "list":
      return block.items.map((item) => item.map(nodeText).join("")).join(" ");
    default:
      return block.children.map(nodeText).join("");
  }
}

function nodeText(node: TextNode): string {
  return "children" in node ? node.children.map(nodeText).join("") : node.text;
}

function trimLineBreaks(text: string): string {
  return text.replace(/^\n+|\n+$/g, "");
}

const QUOTE = /^> (.*)$/;
const BULLET = /^[-*•] (.+)$/;
const NUMBER = /^(\d{1,3})\. (.+)$/;

type Line = { kind: "plain" | "quote" | "bullet" | "number"; text: string; number: number };

function readLine(line: string): Line {
  const quote = line.match(QUOTE);
  if (quote) return { kind: "quote", text: quote[1] ?? "", number: 0 };
  const bullet = line.match(BULLET);
  if (bullet) return { kind: "bullet", text: bullet[1] ?? "", number: 0 };
  const numbered = line.match(NUMBER);
  if (numbered) return { kind: "number", text: numbered[2] ?? "", number: Number(numbered[1]) };
  return { kind: "plain", text: line, number: 0 };
}

function parseLines(text: string, splitLinks: SplitLinks): TextBlock[] {
  if (text === "") return [];
  const groups: Line[][] = [];
  for (const line of text.split("\n").map(readLine)) {
    const group = groups.at(-1);
    if (group?.[0]?.kind === line.kind) group.push(line);
    else groups.push([line]);
  }
  return groups.map((lines) => toBlock(lines, splitLinks));
}

function toBlock(lines: Line[], splitLinks: SplitLinks): TextBlock {
  const kind = lines[0]?.kind ?? "plain";
  if (kind === "bullet" || kind === "number") {
    return {
      type: "list",
      ordered: kind === "number",
      start: lines[0]?.number ?? 1,
      items: lines.map((line) => parseInline(line.text, splitLinks)),
    };
  }
  const children = parseInline(lines.map((line) => line.text).join("\n"), splitLinks);
  return { type: kind === "quote" ? "quote" : "paragraph", children };
}

/** Marks, code and links within a line or paragraph. Links come first: `_` is common in addresses. */
function parseInline(text: string, splitLinks: SplitLinks): TextNode[] {
  return splitLinks(text).flatMap((node) =>
    node.type === "text" ? parseMarks(node.text) : [node],
  );
}

// A mark opens after a boundary and before a visible character, and closes the other way round.
const MARKED =
  /(?<![\p{L}\p{N}])(?:([*_~])(?!\1)(?=\S)([^\n]*?[^\s])\1|`([^`\n]+)`)(?![\p{L}\p{N}])/u;

function parseMarks(text: string): TextNode[] {
  const nodes: TextNode[] = [];
  let rest = text;
  for (let match = rest.match(MARKED); match; match = rest.match(MARKED)) {
    const at = match.index ?? 0;
    if (at > 0) nodes.push({ type: "text", text: rest.slice(0, at) });
    const mark = match[1] as keyof typeof MARKS | undefined;
    if (mark) nodes.push({ type: MARKS[mark], children: parseMarks(match[2] ?? "") });
    else nodes.push({ type: "code", text: match[3] ?? "" });
    rest = rest.slice(at + match[0].length);
  }
  if (rest) nodes.push({ type: "text", text: rest });
  return nodes;
}
