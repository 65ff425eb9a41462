import * as Radix from "radix-ui/tooltip";
import { cn } from "../class-names";
import { Shortcut } from "../display/kbd";
import { fadeIn, surface } from "./surface";

/** The hint beside an element that has the attributes of `tooltipAttributes`. */
export default function TooltipHint({ target }: { target: HTMLElement }) {
  const { tooltip, tooltipKeys, tooltipSide } = target.dataset;
  const { left, top, width, height } = target.getBoundingClientRect();
  return (
    <Radix.Provider>
      <Radix.Root open>
        <Radix.Trigger asChild>
          <span
            aria-hidden
            className="pointer-events-none fixed"
            style={{ left, top, width, height }}
          />
        </Radix.Trigger>
        <Radix.Portal>
          <Radix.Content
            data-tooltip-hint
            side={sideOf(tooltipSide)}
            sideOffset={6}
            collisionPadding={8}
            className={cn(
              surface,
              fadeIn,
              "flex max-w-72 items-center gap-2 px-2 py-1 text-meta text-text-2",
            )}
          >
            {tooltip}
            {tooltipKeys && <Shortcut keys={tooltipKeys} />}
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
    </Radix.Provider>
  );
}

const SIDES = ["top", "right", "bottom", "left"] as const;

function sideOf(text: string | undefined) {
  return SIDES.find((side) => side === text) ?? "top";
}
