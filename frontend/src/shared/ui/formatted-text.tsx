import { memo, useState } from "react";
import { splitLinks } from "@/shared/format/whatsapp-links";
import { parseWhatsAppText, type TextBlock, type TextNode } from "@/shared/format/whatsapp-text";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";

const COLLAPSED_LENGTH = 1_500;
const COLLAPSED_LINES = 24;

function cut(text: string): string | null {
  const lines = text.split("\n", COLLAPSED_LINES + 1);
  if (text.length <= COLLAPSED_LENGTH && lines.length <= COLLAPSED_LINES) return null;
  return lines.slice(0, COLLAPSED_LINES).join("\n").slice(0, COLLAPSED_LENGTH);
}

/** A message's text with WhatsApp's own formatting. A long one is cut until it is opened. */
export const FormattedText = memo(function FormattedText({ text }: { text: string }) {
  const { t } = useTranslation("shared");
  const [isOpen, setOpen] = useState(false);
  const short = cut(text);
  const shown = short !== null && !isOpen ? `${short}…` : text;
  return (
    <div
      className={cn(
        "break-words whitespace-pre-wrap text-body [overflow-wrap:anywhere]",
        // With ligatures, breaking one endless word takes seconds: the browser shapes all the rest
        // of it for each line.
        isOpen && "[font-kerning:none] [font-variant-ligatures:none]",
      )}
    >
      {parseWhatsAppText(shown, splitLinks).map((block, index) => (
        <Block key={index} block={block} />
      ))}
      {short !== null && (
        <button
          type="button"
          aria-expanded={isOpen}
          className="mt-1 font-medium text-link text-list hover:underline"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? t("text.less") : t("text.more")}
        </button>
      )}
    </div>
  );
});

function Block({ block }: { block: TextBlock }) {
  switch (block.type) {
    case "preformatted":
      return (
        <pre className="my-1 overflow-x-auto rounded-control bg-hover p-2 font-mono text-list">
          {block.text}
        </pre>
      );
    case "quote":
      return (
        <blockquote className="border-control border-l-2 pl-2 text-text-2">
          <Nodes nodes={block.children} />
        </blockquote>
      );
    case "list":
      return <List block={block} />;
    default:
      return (
        <p>
          <Nodes nodes={block.children} />
        </p>
      );
  }
}

function List({ block }: { block: Extract<TextBlock, { type: "list" }> }) {
  const items = block.items.map((nodes, index) => (
    <li key={index}>
      <Nodes nodes={nodes} />
    </li>
  ));
  return block.ordered ? (
    <ol start={block.start} className="list-decimal pl-6">
      {items}
    </ol>
  ) : (
    <ul className="list-disc pl-5">{items}</ul>
  );
}

function Nodes({ nodes }: { nodes: TextNode[] }) {
  return nodes.map((node, index) => <Node key={index} node={node} />);
}

function Node({ node }: { node: TextNode }) {
  switch (node.type) {
    case "text":
      return node.text;
    case "link":
      return (
        <a
          href={node.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="text-link underline"
        >
          {node.text}
        </a>
      );
    case "code":
      return <code className="rounded bg-hover px-1 font-mono text-list">{node.text}</code>;
    case "bold":
      return (
        <strong className="font-semibold">
          <Nodes nodes={node.children} />
        </strong>
      );
    case "italic":
      return (
        <em>
          <Nodes nodes={node.children} />
        </em>
      );
    case "strike":
      return (
        <s>
          <Nodes nodes={node.children} />
        </s>
      );
  }
}
