import type { SearchHit } from "../queries";

export interface HitGroup {
  conversationId: string;
  hits: readonly SearchHit[];
}

/** Hits by conversation, in the order of the newest hit of each. A message is there once. */
export function groupHits(hits: readonly SearchHit[]): HitGroup[] {
  const groups = new Map<string, Map<string, SearchHit>>();
  for (const hit of hits) {
    const group = groups.get(hit.conversation_id) ?? new Map<string, SearchHit>();
    if (!group.has(hit.message.id)) group.set(hit.message.id, hit);
    groups.set(hit.conversation_id, group);
  }
  return [...groups].map(([conversationId, group]) => ({
    conversationId,
    hits: [...group.values()],
  }));
}
