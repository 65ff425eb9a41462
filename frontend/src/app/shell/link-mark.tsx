import { RefreshCw, Wifi, WifiOff } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type LinkState, useLink } from "@/shared/live";
import { cn } from "@/shared/ui/class-names";

const LOOKS: Record<LinkState, { Icon: typeof Wifi; colour: string }> = {
  connecting: { Icon: RefreshCw, colour: "text-text-3" },
  connected: { Icon: Wifi, colour: "text-ok" },
  catching_up: { Icon: RefreshCw, colour: "text-warn" },
  offline: { Icon: WifiOff, colour: "text-danger" },
};

/** Whether what is shown is current. The strip tells screen readers when it is not. */
export function LinkMark() {
  const { t } = useTranslation("app");
  const { state } = useLink();
  const { Icon, colour } = LOOKS[state];
  const label = t(`link.${state}`);
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      data-link={state}
      className={cn("flex size-6 items-center justify-center", colour)}
    >
      <Icon aria-hidden className={cn("size-4", Icon === RefreshCw && "animate-spin")} />
    </span>
  );
}
