import { Suspense } from "react";
import type { toast as Sonner } from "sonner";
import { lazyPart } from "@/shared/parts/load-part";

const SonnerToaster = lazyPart(() =>
  import("./sonner-toaster").then((module) => ({ default: module.SonnerToaster })),
);

let markReady: (library: typeof Sonner) => void;
const ready = new Promise<typeof Sonner>((resolve) => {
  markReady = resolve;
});

/** Mounted once, by the shell. */
export function Toaster() {
  return (
    <Suspense>
      <SonnerToaster onReady={markReady} />
    </Suspense>
  );
}

export interface ToastOptions {
  description?: string;
  /** The same id replaces the toast instead of adding one. */
  id?: string;
  /** A button: the word of the act and what it does. */
  action?: { label: string; run: () => void };
}

function options({ description, id, action }: ToastOptions, duration: number) {
  return {
    duration,
    ...(description ? { description } : {}),
    ...(id ? { id } : {}),
    ...(action ? { action: { label: action.label, onClick: action.run } } : {}),
  };
}

function show(kind: "success" | "info" | "error", title: string, more: ToastOptions, ms: number) {
  void ready.then((library) => library[kind](title, options(more, ms)));
}

/** Short notices; those of the first moment wait for `Toaster`. An error stays longer, because it says what to do. */
export const toast = {
  done: (title: string, more: ToastOptions = {}) =>
    show("success", title, more, more.action ? 8000 : 4000),
  info: (title: string, more: ToastOptions = {}) => show("info", title, more, 5000),
  error: (title: string, more: ToastOptions = {}) => show("error", title, more, 10_000),
  dismiss: (id?: string | number) => void ready.then((library) => library.dismiss(id)),
};
