import { Bot, Clock, Headset, MoonStar } from "lucide-react";
import { formatClock } from "@/shared/format/durations";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { BoardNow } from "../model/board-query";
import { WAITING_TARGET_S } from "../model/problems";
import { useServerNow } from "../model/use-server-now";
import { FigureCard } from "./figure-card";

interface NowFiguresProps {
  board: BoardNow;
  receivedAt: number;
  isWall: boolean;
}

/** Who has the conversations that are not resolved. */
export function NowFigures({ board, receivedAt, isWall }: NowFiguresProps) {
  const { t } = useTranslation("dashboard");
  const format = useFormat();
  const online = board.agents.filter((each) => each.state === "online").length;
  const inList = (status: string) => ({ aba: "all", situacao: [status] });
  return (
    <section
      aria-label={t("now.title")}
      className="grid grid-cols-1 gap-4 min-[340px]:grid-cols-2 xl:grid-cols-4"
    >
      <WaitingCard board={board} receivedAt={receivedAt} isWall={isWall} />
      <FigureCard
        name={t("now.assistant")}
        value={format.number(board.with_assistant)}
        icon={<Bot aria-hidden />}
        isWall={isWall}
        search={inList("pending")}
      />
      <FigureCard
        name={t("now.agents")}
        value={format.number(board.with_agents)}
        icon={<Headset aria-hidden />}
        detail={t("now.online", { count: online })}
        isWall={isWall}
        search={inList("open")}
      />
      <FigureCard
        name={t("now.snoozed")}
        value={format.number(board.snoozed)}
        icon={<MoonStar aria-hidden />}
        isWall={isWall}
        search={inList("snoozed")}
      />
    </section>
  );
}

function WaitingCard({ board, receivedAt, isWall }: NowFiguresProps) {
  const { t } = useTranslation("dashboard");
  const format = useFormat();
  const { count, oldest_since } = board.waiting;
  const now = useServerNow(board.until, receivedAt);
  const waited = oldest_since === null ? null : now - Date.parse(oldest_since);
  const isLate = waited !== null && waited >= WAITING_TARGET_S * 1000;
  return (
    <FigureCard
      name={t("now.waiting")}
      value={format.number(count)}
      icon={<Clock aria-hidden />}
      tone={isLate ? "danger" : "plain"}
      detail={
        waited === null ? t("now.nobody_waits") : t("now.longest", { time: formatClock(waited) })
      }
      isWall={isWall}
      search={{ aba: "all", situacao: ["waiting"], ordem: "waiting" }}
    />
  );
}
