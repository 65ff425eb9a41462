import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "@/shared/ui/class-names";
import { Banner } from "@/shared/ui/feedback/banner";
import { connectionQuery, maintenanceQuery } from "../queries";

const DOTS = {
  online: "bg-ok",
  offline: "bg-danger",
  suspended: "bg-danger",
  maintenance: "bg-warn",
  unknown: "bg-control",
};

interface ConnectionViewProps {
  contactId: string;
  contractId: string;
}

/** The state of the line, and an outage where the customer lives. */
export function ConnectionView({ contactId, contractId }: ConnectionViewProps) {
  const { t } = useTranslation("subscriber");
  const { data, isError } = useQuery(connectionQuery(contactId, contractId));
  const format = useFormat();
  const signal = data?.signal?.rx_dbm ?? null;
  return (
    <section aria-label={t("connection.title")}>
      <Maintenances contactId={contactId} contractId={contractId} />
      <p className="flex items-center gap-2 text-list">
        <span
          aria-hidden
          className={cn("size-2.5 shrink-0 rounded-full", DOTS[data?.state ?? "unknown"])}
        />
        <span className="font-medium">{t("connection.title")}</span>
        <span className="flex-1 text-right text-text-2">
          {isError && t("connection.failed")}
          {data && t(data.supported ? `connection.${data.state}` : "connection.unsupported")}
          {signal !== null && <span className="tabular-nums"> · {format.number(signal)} dBm</span>}
        </span>
      </p>
      {data?.message && <p className="text-meta text-text-3">{data.message}</p>}
    </section>
  );
}

function Maintenances({ contactId, contractId }: ConnectionViewProps) {
  const { t } = useTranslation("subscriber");
  const format = useFormat();
  const { data } = useQuery(maintenanceQuery(contactId, contractId));
  return data?.items.map((each) => (
    <Banner key={each.message} tone="warn" icon={<TriangleAlert aria-hidden />} className="mb-2">
      {each.message}
      {each.until && ` · ${t("maintenance.until", { at: format.dateTime(each.until) })}`}
    </Banner>
  ));
}
