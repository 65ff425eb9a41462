const DELAY_MS = 400;
/** Time to move the pointer from the element onto its hint. */
const LEAVE_MS = 150;

type Show = (target: HTMLElement | null) => void;

/** Follows pointer and focus, and calls `show` with the element whose hint is to be seen. */
export function watchTooltipTargets(show: Show): () => void {
  let shown: HTMLElement | null = null;
  let wanted: HTMLElement | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const change = (target: HTMLElement | null, delay: number) => {
    wanted = target;
    clearTimeout(timer);
    if (target === shown) return;
    timer = setTimeout(() => {
      shown = target?.isConnected ? target : null;
      show(shown);
    }, delay);
  };
  /** The element that was pressed shows its hint only when the pointer comes again. */
  const hide = () => {
    clearTimeout(timer);
    if (!shown) return;
    shown = null;
    show(null);
  };
  const onPointer = (event: PointerEvent) => {
    if (event.pointerType === "touch" || closest(event, "[data-tooltip-hint]")) {
      clearTimeout(timer);
      return;
    }
    const target = closest(event, "[data-tooltip]");
    if (target === wanted && (target || !shown)) return;
    change(target, target ? (shown ? 0 : DELAY_MS) : LEAVE_MS);
  };
  const onFocus = (event: FocusEvent) => {
    const target = closest(event, "[data-tooltip]");
    if (target?.matches(":focus-visible")) change(target, 0);
  };
  const onBlur = () => change(null, 0);
  const onKey = (event: KeyboardEvent) => event.key === "Escape" && hide();
  const listeners = new AbortController();
  const options = { capture: true, passive: true, signal: listeners.signal };
  document.addEventListener("pointerover", onPointer, options);
  document.addEventListener("pointerdown", hide, options);
  document.addEventListener("scroll", hide, options);
  document.addEventListener("focusin", onFocus, options);
  document.addEventListener("focusout", onBlur, options);
  document.addEventListener("keydown", onKey, options);
  return () => {
    clearTimeout(timer);
    listeners.abort();
  };
}

function closest(event: Event, selector: string): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
}
