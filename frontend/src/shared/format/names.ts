const PARTICLES = new Set(["da", "das", "de", "do", "dos", "e"]);

/** "Maria das Dores Lima" → "ML"; "ana" → "A"; nothing → "?". */
export function initials(name: string | null | undefined): string {
  const words = (name ?? "").split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  const weighty = words.filter((word) => !PARTICLES.has(word.toLowerCase()));
  const [first, last] = [weighty[0], weighty.length > 1 ? weighty.at(-1) : undefined];
  const letters = [first, last].map((word) => [...(word ?? "")][0] ?? "").join("");
  return letters.toUpperCase() || "?";
}

/** "Maria das Dores Lima" → "Maria". */
export function firstName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? "";
}

/** A number from 0 to `count` - 1 that stays the same for a text. */
export function stableIndex(text: string, count: number): number {
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % count;
}
