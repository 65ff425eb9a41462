import { tokenize } from "linkifyjs";
import type { TextNode } from "./whatsapp-text";

/** Finds the links of a text that are safe to click: to web pages and e-mail addresses. */
export function splitLinks(text: string): TextNode[] {
  return tokenize(text)
    .map((token): TextNode => {
      const href = token.isLink ? token.toHref("https") : "";
      return isSafeLink(href)
        ? { type: "link", text: token.toString(), href }
        : { type: "text", text: token.toString() };
    })
    .reduce(joinTexts, [] as TextNode[]);
}

function joinTexts(nodes: TextNode[], node: TextNode): TextNode[] {
  const last = nodes.at(-1);
  if (last?.type === "text" && node.type === "text") last.text += node.text;
  else nodes.push(node);
  return nodes;
}

function isSafeLink(href: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(href);
}
