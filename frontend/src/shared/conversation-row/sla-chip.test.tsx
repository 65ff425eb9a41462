import { expect, test } from "vitest";
import { slaState } from "./sla-chip";

const sla = { warn_at: "2026-11-30T12:04:00Z", due_at: "2026-11-30T12:05:00Z" };
const at = (time: string) => Date.parse(`2026-11-30T${time}Z`);

test("a promise runs, warns from its moment on, and is breached when it is due", () => {
  expect(slaState(sla, at("12:03:59"))).toBe("running");
  expect(slaState(sla, at("12:04:00"))).toBe("warned");
  expect(slaState(sla, at("12:05:00"))).toBe("breached");
});
