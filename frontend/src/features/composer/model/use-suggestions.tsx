import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useColleagues } from "@/shared/api/colleagues";
import { type CannedResponse, cannedResponsesQuery } from "@/shared/canned/queries";
import { plainText } from "@/shared/format/plain-text";
import { Avatar } from "@/shared/ui/display/avatar";
import type { Suggestion } from "../components/suggestion-list";
import type { Trigger } from "./trigger";

const MAX_SUGGESTIONS = 50;

export type Choice =
  | { type: "canned"; response: CannedResponse }
  | { type: "mention"; userId: string; name: string };

/** What the menu of a `/` or `@` offers, and which of it is marked. */
export function useSuggestions(trigger: Trigger | null) {
  const { data: responses = [] } = useQuery({
    ...cannedResponsesQuery,
    enabled: trigger?.mark === "/",
  });
  const colleagues = useColleagues();
  const key = trigger ? `${trigger.mark}${trigger.start}:${trigger.query}` : "";
  const [marked, setMarked] = useState({ key, index: 0 });
  const active = marked.key === key ? marked.index : 0;
  const entries = useMemo(
    () => (trigger ? findEntries(trigger, responses, colleagues) : []),
    [trigger, responses, colleagues],
  );
  const move = (step: number) => {
    if (entries.length === 0) return;
    setMarked({ key, index: (active + step + entries.length) % entries.length });
  };
  return { entries, active, move };
}

type Entry = Suggestion & { choice: Choice };

function findEntries(
  trigger: Trigger,
  responses: readonly CannedResponse[],
  colleagues: readonly { id: string; name: string; teams: string[] }[],
): Entry[] {
  const query = plainText(trigger.query);
  const fits = (...texts: string[]) => texts.some((each) => plainText(each).includes(query));
  if (trigger.mark === "@") {
    return colleagues
      .filter((each) => fits(each.name))
      .slice(0, MAX_SUGGESTIONS)
      .map((each) => ({
        id: each.id,
        title: each.name,
        hint: each.teams.join(", "),
        icon: <Avatar name={each.name} seed={each.id} size="small" />,
        choice: { type: "mention", userId: each.id, name: each.name },
      }));
  }
  return responses
    .filter((each) => fits(each.shortcut, each.title))
    .sort((a, b) => Number(b.shortcut.startsWith(query)) - Number(a.shortcut.startsWith(query)))
    .slice(0, MAX_SUGGESTIONS)
    .map((each) => ({
      id: each.id,
      title: `/${each.shortcut}`,
      hint: `${each.title} · ${each.text.replace(/\s+/g, " ")}`,
      choice: { type: "canned", response: each },
    }));
}
