import { useEffect } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { ErrorState } from "@/shared/ui/feedback/states";
import { useLiveBoard } from "../model/use-live-board";
import { useWallZoom } from "../model/use-wall-zoom";
import { AgentsPanel } from "./agents-panel";
import { BoardHeader } from "./board-header";
import { BoardSkeleton } from "./board-skeleton";
import { ChannelsPanel } from "./channels-panel";
import { NowFigures } from "./now-figures";
import { ProblemsPanel } from "./problems-panel";
import { TodayFigures } from "./today-figures";

export interface DashboardProps {
  /** For a television: no navigation, large figures. */
  isWall: boolean;
  onWallChange: (isWall: boolean) => void;
}

/** What happens now, and what goes wrong. Every figure follows the live stream. */
export function Dashboard({ isWall, onWallChange }: DashboardProps) {
  const { t } = useTranslation("dashboard");
  const { data: board, error, refetch, dataUpdatedAt } = useLiveBoard();
  useEscapeFromWall(isWall, onWallChange);
  const zoom = useWallZoom(isWall);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
      <div
        className={cn("mx-auto flex w-full flex-col gap-4 p-4 md:p-6", !isWall && "max-w-[1600px]")}
        style={{ zoom }}
      >
        <BoardHeader board={board} isWall={isWall} onWallChange={onWallChange} />
        {error && !board && (
          <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
        )}
        {!board && !error && <BoardSkeleton />}
        {board && (
          <>
            <NowFigures board={board} receivedAt={dataUpdatedAt} isWall={isWall} />
            <ProblemsPanel board={board} receivedAt={dataUpdatedAt} isWall={isWall} />
            <TodayFigures board={board} isWall={isWall} />
            <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[2fr_1fr]">
              <AgentsPanel agents={board.agents} isWall={isWall} />
              <ChannelsPanel board={board} receivedAt={dataUpdatedAt} />
            </div>
          </>
        )}
      </div>
    </div>
  );
}

/** Whoever leaves the full screen with Escape wants the navigation back. */
function useEscapeFromWall(isWall: boolean, onWallChange: (isWall: boolean) => void): void {
  useEffect(() => {
    if (!isWall) return;
    const leave = () => {
      if (!document.fullscreenElement) onWallChange(false);
    };
    document.addEventListener("fullscreenchange", leave);
    return () => document.removeEventListener("fullscreenchange", leave);
  }, [isWall, onWallChange]);
}
