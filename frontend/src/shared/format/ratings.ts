/** The emojis of the scale, from score 1 (worst) to score 5 (best), as customers see them. */
const SCALE = ["😡", "😕", "😐", "🙂", "🤩"] as const;

/** The emoji of a score; nothing for an answer without one. */
export function ratingEmoji(score: number | null): string {
  return score === null ? "" : (SCALE[score - 1] ?? "");
}
