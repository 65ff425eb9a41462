import { Monitor, X } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Freshness } from "@/shared/metrics/freshness";
import { Button } from "@/shared/ui/button";
import type { BoardNow } from "../model/board-query";

interface BoardHeaderProps {
  board: BoardNow | undefined;
  isWall: boolean;
  onWallChange: (isWall: boolean) => void;
}

export function BoardHeader({ board, isWall, onWallChange }: BoardHeaderProps) {
  const { t } = useTranslation("dashboard");
  const enter = () => {
    onWallChange(true);
    // A browser that refuses the full screen still shows the page without navigation.
    document.documentElement.requestFullscreen?.().catch(() => undefined);
  };
  const leave = () => {
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    onWallChange(false);
  };
  return (
    <header className="flex min-h-8 flex-wrap items-center gap-x-4 gap-y-1">
      <p aria-hidden className="font-semibold text-heading">
        {t("title")}
      </p>
      {board && <Freshness asOf={board.as_of} lagS={board.lag_s} timezone={board.timezone} />}
      <Button
        className="ml-auto"
        variant={isWall ? "quiet" : "secondary"}
        onClick={isWall ? leave : enter}
      >
        {isWall ? <X aria-hidden className="size-4" /> : <Monitor aria-hidden className="size-4" />}
        {t(isWall ? "wall.leave" : "wall.enter")}
      </Button>
    </header>
  );
}
