import { expect, test } from "vitest";
import type { AgentNow, BoardNow, ChannelNow } from "./board-query";
import { channelState, findProblems, sortAgents } from "./problems";

const NOW = Date.parse("2026-03-12T14:00:00Z");
const channel = (change: Partial<ChannelNow> = {}): ChannelNow => ({
  id: "c1",
  name: "Principal",
  status: "connected",
  status_reason: "",
  since: "2026-03-12T08:00:00Z",
  held_until: null,
  ...change,
});
const agent = (name: string, state: AgentNow["state"], load = 0): AgentNow => ({
  id: name,
  name,
  state,
  reason: "",
  since: null,
  load,
  capacity: 5,
});
const board = (change: Partial<BoardNow> = {}): BoardNow => ({
  as_of: "2026-03-12T14:00:00Z",
  lag_s: 0,
  timezone: "America/Recife",
  waiting: { count: 0, oldest_since: null, oldest_s: null },
  with_assistant: 0,
  with_agents: 0,
  snoozed: 0,
  agents: [],
  channels: [channel()],
  until: "2026-03-12T11:00:00-03:00",
  today: {},
  same_weekday_last_week: {},
  ...change,
});
const kinds = (change: Partial<BoardNow>, waited: number | null = null) =>
  findProblems(board(change), NOW, waited).map((each) => each.kind);

test("a quiet provider has no problem", () => {
  expect(kinds({})).toEqual([]);
  expect(kinds({ agents: [agent("Ana", "offline")] })).toEqual([]);
});

test("channels that are away or held are named, and a hold that is over is none", () => {
  const channels = [
    channel({ id: "a", status: "disconnected" }),
    channel({ id: "b", held_until: "2026-03-12T14:05:00Z" }),
    channel({ id: "c", held_until: "2026-03-12T13:55:00Z" }),
    channel({ id: "d", status: "unknown" }),
  ];
  expect(kinds({ channels })).toEqual(["disconnected", "held"]);
  expect(channels.map((each) => channelState(each, NOW))).toEqual([
    "disconnected",
    "held",
    "connected",
    "unknown",
  ]);
});

test("people who wait while nobody is there, a long wait, and old figures", () => {
  const waiting = { count: 2, oldest_since: "2026-03-12T13:50:00Z", oldest_s: 600 };
  expect(kinds({ waiting, agents: [agent("Ana", "away")] }, 600)).toEqual(["nobody", "long_wait"]);
  expect(kinds({ waiting, agents: [agent("Ana", "online")] }, 299)).toEqual([]);
  expect(kinds({ lag_s: 30 })).toEqual(["lag"]);
});

test("those who are there come first, the busiest of them first", () => {
  const agents = [
    agent("Duda", "offline"),
    agent("Caio", "online", 1),
    agent("Ana", "away"),
    agent("Bia", "online", 4),
  ];
  expect(sortAgents(agents).map((each) => each.name)).toEqual(["Bia", "Caio", "Ana", "Duda"]);
});
