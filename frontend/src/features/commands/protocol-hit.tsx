import { queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command as Bar } from "cmdk";
import { Hash } from "lucide-react";
import { api, unwrap } from "@/shared/api/client";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import { barGroup, barItem } from "./command-bar-styles";

/** A customer may read it aloud, or copy it with blanks and dots. */
function readProtocol(text: string): string | null {
  const digits = text.replace(/[\s.\-/]/g, "");
  return /^\d{14,24}$/.test(digits) ? digits : null;
}

function protocolQuery(protocol: string | null) {
  return queryOptions({
    queryKey: ["conversations", "by-protocol", protocol],
    queryFn: async () => {
      const path = { protocol: protocol ?? "" };
      try {
        return await unwrap(api.GET("/conversations/by-protocol/{protocol}", { params: { path } }));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    enabled: protocol !== null,
  });
}

/** The conversation whose protocol number is typed. */
export function ProtocolHit({ search, onOpen }: { search: string; onOpen: () => void }) {
  const { t } = useTranslation("commands");
  const navigate = useNavigate();
  const { data } = useQuery(protocolQuery(readProtocol(search)));
  if (!data) return null;
  const open = () => {
    onOpen();
    void navigate({ to: "/atendimentos/$id", params: { id: data.id } });
  };
  return (
    <Bar.Group heading={t("groups.protocol")} className={barGroup}>
      <Bar.Item value={`protocol ${data.id}`} onSelect={open} className={barItem}>
        <Hash aria-hidden />
        <span className="min-w-0 flex-1 truncate">{data.contact ?? t("no_name")}</span>
        <span className="text-meta text-text-3 tabular-nums">{data.protocol}</span>
      </Bar.Item>
    </Bar.Group>
  );
}
