import { Link } from "@tanstack/react-router";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Chip } from "@/shared/ui/display/chip";
import { EmptyState } from "@/shared/ui/feedback/states";
import type { BoardNow } from "../model/board-query";
import { channelState } from "../model/problems";
import { useServerNow } from "../model/use-server-now";

const TONES = {
  connected: "ok",
  held: "warn",
  disconnected: "danger",
  unknown: "neutral",
} as const;

interface ChannelsPanelProps {
  board: BoardNow;
  receivedAt: number;
}

/** The channels and whether messages go through them. */
export function ChannelsPanel({ board, receivedAt }: ChannelsPanelProps) {
  const { t } = useTranslation("dashboard");
  const now = useServerNow(board.until, receivedAt);
  return (
    <section
      aria-labelledby="channels"
      className="flex min-w-0 flex-col rounded-bubble border border-divider bg-page"
    >
      <h2 id="channels" className="px-4 pt-4 pb-2 font-semibold text-body">
        {t("channels.title")}
      </h2>
      {board.channels.length === 0 ? (
        <EmptyState title={t("channels.none")}>{t("channels.none_hint")}</EmptyState>
      ) : (
        <ul>
          {board.channels.map((channel) => {
            const state = channelState(channel, now);
            return (
              <li key={channel.id} className="border-divider border-t">
                <Link
                  to="/atendimentos"
                  search={{ aba: "all", canal: [channel.id] }}
                  className="focus-inset flex items-center gap-3 px-4 py-2 hover:bg-hover"
                >
                  <bdi className="min-w-0 flex-1 truncate text-list text-text">{channel.name}</bdi>
                  <Chip tone={TONES[state]}>{t(`channels.${state}`)}</Chip>
                </Link>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
