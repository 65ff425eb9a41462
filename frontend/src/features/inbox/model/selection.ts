import { useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  /** Chooses or unchooses a row; from there a range begins. */
  toggle(id: string): void;
  /** Chooses all rows between the last one toggled and this one. */
  extendTo(id: string): void;
  selectAll(): void;
  clear(): void;
}

/** Rows between two of them, both included. */
export function idsBetween(ids: readonly string[], from: string, to: string): readonly string[] {
  const [one, other] = [ids.indexOf(from), ids.indexOf(to)];
  if (one < 0 || other < 0) return other < 0 ? [] : [to];
  return ids.slice(Math.min(one, other), Math.max(one, other) + 1);
}

const NONE: ReadonlySet<string> = new Set();

/** The chosen rows of a list; those that leave the list are no longer chosen. */
export function useSelection(list: string, ids: readonly string[]): Selection {
  const [state, setState] = useState({ list, chosen: NONE, anchor: "" });
  const chosen = state.list === list ? state.chosen : NONE;
  const present = chosen.size === 0 ? NONE : new Set(ids.filter((id) => chosen.has(id)));
  return {
    ids: present.size === chosen.size ? chosen : present,
    toggle: (id) => {
      const next = new Set(present);
      if (!next.delete(id)) next.add(id);
      setState({ list, chosen: next, anchor: id });
    },
    extendTo: (id) => {
      const range = idsBetween(ids, state.anchor, id);
      setState({ list, chosen: new Set([...present, ...range]), anchor: state.anchor || id });
    },
    selectAll: () => setState({ list, chosen: new Set(ids), anchor: "" }),
    clear: () => setState({ list, chosen: NONE, anchor: "" }),
  };
}
