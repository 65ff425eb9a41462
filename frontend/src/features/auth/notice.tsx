import { CircleAlert, Info } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/shared/ui/class-names";

const TONES = {
  danger: "bg-danger-soft text-danger",
  info: "bg-selected text-text",
};

/** A message above a form. */
export function Notice({ tone, children }: { tone: keyof typeof TONES; children: ReactNode }) {
  const Icon = tone === "danger" ? CircleAlert : Info;
  return (
    <div
      role={tone === "danger" ? "alert" : "status"}
      className={cn("flex gap-2 rounded-control px-3 py-2 text-list", TONES[tone])}
    >
      <Icon aria-hidden className="mt-px size-4 shrink-0" />
      <div>{children}</div>
    </div>
  );
}
