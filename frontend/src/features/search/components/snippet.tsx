import type { SearchHit } from "../queries";

/** Text with its hits marked. The parts are plain text, so nothing in them becomes markup. */
export function Snippet({ parts }: { parts: SearchHit["snippet"] }) {
  return (
    <span dir="auto" className="line-clamp-3 break-words text-list">
      {parts.map((part, index) =>
        part.hit ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change places
          <mark key={index} className="rounded-[2px] bg-warn-soft px-0.5 font-semibold text-text">
            {part.text}
          </mark>
        ) : (
          part.text
        ),
      )}
    </span>
  );
}
