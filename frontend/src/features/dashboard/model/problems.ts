import { LATE_S } from "@/shared/metrics/freshness";
import type { BoardNow, ChannelNow } from "./board-query";

/** The target of a first answer while somebody waits, as in the lists. The server has no setting yet. */
export const WAITING_TARGET_S = 5 * 60;

/** Something that an owner should act on, worst first. */
export type Problem =
  | { kind: "disconnected" | "held"; key: string; channel: ChannelNow }
  | { kind: "nobody"; key: string; count: number }
  | { kind: "long_wait"; key: string; seconds: number }
  | { kind: "lag"; key: string; seconds: number };

const isHeld = (channel: ChannelNow, now: number) =>
  channel.held_until !== null && Date.parse(channel.held_until) > now;

/** How a channel is: `held` means that nothing is sent at the moment. */
export function channelState(
  channel: ChannelNow,
  now: number,
): "connected" | "held" | "disconnected" | "unknown" {
  if (isHeld(channel, now)) return "held";
  if (channel.status === "connected" || channel.status === "disconnected") return channel.status;
  return "unknown";
}

/**
 * What goes wrong. `now` is the present by the server's clock (ms), `waitedS` how long the longest wait
 * lasts by now.
 */
export function findProblems(board: BoardNow, now: number, waitedS: number | null): Problem[] {
  const problems: Problem[] = [];
  for (const channel of board.channels) {
    const state = channelState(channel, now);
    if (state === "disconnected" || state === "held") {
      problems.push({ kind: state, key: `${state}-${channel.id}`, channel });
    }
  }
  const isSomebodyThere = board.agents.some((each) => each.state === "online");
  if (board.waiting.count > 0 && !isSomebodyThere) {
    problems.push({ kind: "nobody", key: "nobody", count: board.waiting.count });
  }
  if (waitedS !== null && waitedS >= WAITING_TARGET_S) {
    problems.push({ kind: "long_wait", key: "long_wait", seconds: waitedS });
  }
  if (board.lag_s >= LATE_S) problems.push({ kind: "lag", key: "lag", seconds: board.lag_s });
  return problems;
}

const ORDER = { online: 0, away: 1, offline: 2 };

/** Those who are there first, the busiest of them first. */
export function sortAgents(agents: BoardNow["agents"]): BoardNow["agents"] {
  return [...agents].sort(
    (a, b) =>
      ORDER[a.state] - ORDER[b.state] || b.load - a.load || a.name.localeCompare(b.name, "pt-BR"),
  );
}
