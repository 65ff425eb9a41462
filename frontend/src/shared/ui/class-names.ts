import { type ClassValue, clsx } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

const merge = extendTailwindMerge({
  extend: {
    theme: { text: ["badge", "meta", "list", "body", "title", "heading", "figure"] },
  },
});

/** Joins class names; of two that contradict each other the later one wins. */
export function cn(...names: ClassValue[]): string {
  return merge(clsx(names));
}
