import { UserRound } from "lucide-react";
import { useState } from "react";
import { initials, stableIndex } from "@/shared/format/names";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";
import type { PresenceState } from "./presence-dot";
import { PresenceDot } from "./presence-dot";

const TINTS = [
  "tint-accent",
  "tint-ok",
  "tint-warn",
  "tint-link",
  "tint-ai",
  "tint-neutral",
] as const;

const SIZES = {
  mini: "size-4 text-[8px]",
  small: "size-6 text-[10px]",
  medium: "size-8 text-meta",
  large: "size-12 text-title",
};

export interface AvatarProps {
  name: string | null | undefined;
  /** Decides the colour, so that a person keeps it when the name changes. */
  seed?: string;
  photo?: string | null | undefined;
  size?: keyof typeof SIZES;
  presence?: PresenceState | undefined;
  /** Announces the name; leave it out where the name stands beside the picture. */
  labelled?: boolean;
  className?: string;
}

/** The photo of a person, or the initials in a colour of their own. */
export function Avatar({
  name,
  seed,
  photo,
  size = "medium",
  presence,
  labelled = false,
  className,
}: AvatarProps) {
  const { t } = useTranslation();
  const label = [name || t("ui.no_name"), presence && t(`presence.${presence}`)]
    .filter(Boolean)
    .join(", ");
  const [failed, setFailed] = useState<string | null>(null);
  const tint = TINTS[stableIndex(seed ?? name ?? "", TINTS.length)];
  return (
    <span
      className={cn("relative inline-flex shrink-0", className)}
      {...(labelled ? { role: "img", "aria-label": label } : { "aria-hidden": true })}
    >
      <span
        className={cn(
          "inline-flex select-none items-center justify-center overflow-hidden rounded-full font-semibold",
          tint,
          SIZES[size],
        )}
      >
        {photo && photo !== failed ? (
          <img
            src={photo}
            alt=""
            className="size-full object-cover"
            onError={() => setFailed(photo)}
          />
        ) : initials(name) === "?" ? (
          <UserRound className="size-1/2" />
        ) : (
          initials(name)
        )}
      </span>
      {presence && (
        <PresenceDot
          state={presence}
          className={cn(
            "absolute",
            size === "large" ? "right-0.5 bottom-0.5" : "-right-0.5 -bottom-0.5",
          )}
        />
      )}
    </span>
  );
}
