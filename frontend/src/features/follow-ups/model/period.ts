import type { Period } from "../queries";

export const SPANS = ["7", "30", "90"] as const;
export type Span = (typeof SPANS)[number];

/** The last so many local days, with today. */
export function periodOf(span: Span, now: Date): Period {
  const from = new Date(now);
  from.setDate(from.getDate() - Number(span) + 1);
  return { from: dayOf(from), to: dayOf(now) };
}

function dayOf(moment: Date): string {
  const parts = [moment.getFullYear(), moment.getMonth() + 1, moment.getDate()];
  return parts.map((each) => String(each).padStart(2, "0")).join("-");
}
