import { Suspense, useEffect, useState } from "react";
import { lazyPart } from "@/shared/parts/load-part";
import { watchTooltipTargets } from "./tooltip-targets";

const TooltipHint = lazyPart(() => import("./tooltip-hint"));

/**
 * Shows the hint of the element on which the pointer or the focus rests. One layer serves all: a screen has
 * fifty buttons, and fifty tooltips that wait took a third of the time in which it opened.
 */
export function TooltipLayer() {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  useEffect(() => watchTooltipTargets(setTarget), []);
  if (!target) return null;
  return (
    <Suspense>
      <TooltipHint target={target} />
    </Suspense>
  );
}
