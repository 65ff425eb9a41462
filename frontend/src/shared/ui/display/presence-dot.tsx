import { cn } from "../class-names";

export type PresenceState = "online" | "away" | "offline";

// Shape as well as colour: filled, half, hollow.
const STYLES: Record<PresenceState, string> = {
  online: "bg-ok",
  away: "bg-warn",
  offline: "border-2 border-control bg-page",
};

/** Decoration: the state must also stand in a name or a text. */
export function PresenceDot({ state, className }: { state: PresenceState; className?: string }) {
  return (
    <span
      aria-hidden
      className={cn("size-2.5 rounded-full ring-2 ring-page", STYLES[state], className)}
    />
  );
}
