import type { CannedResponse, CannedScope } from "@/shared/canned/queries";
import { plainText } from "@/shared/format/plain-text";

export const SCOPES = ["personal", "team", "shared"] as const satisfies readonly CannedScope[];
export type ScopeTab = "all" | CannedScope;

/** Those of a scope whose shortcut, title or text has the searched words. */
export function filterCanned(
  responses: readonly CannedResponse[],
  tab: ScopeTab,
  search: string,
): CannedResponse[] {
  const words = plainText(search).split(/\s+/).filter(Boolean);
  return responses.filter((each) => {
    if (tab !== "all" && each.scope !== tab) return false;
    const text = plainText(`/${each.shortcut} ${each.title} ${each.text}`);
    return words.every((word) => text.includes(word));
  });
}

export function countScopes(responses: readonly CannedResponse[]): Record<ScopeTab, number> {
  const counts = { all: responses.length, personal: 0, team: 0, shared: 0 };
  for (const { scope } of responses) counts[scope] += 1;
  return counts;
}
