import { useQuery } from "@tanstack/react-query";
import { MessageSquarePlus, Plus, Zap } from "lucide-react";
import { useState } from "react";
import { openCannedEditor } from "@/shared/canned/editor-request";
import { allCannedResponsesQuery } from "@/shared/canned/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { type Tab, Tabs } from "@/shared/ui/display/tabs";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { SearchInput } from "@/shared/ui/form/input";
import { CannedList } from "./components/canned-list";
import { countScopes, filterCanned, SCOPES, type ScopeTab } from "./model/canned-filter";

/** The canned responses that the user can see: search, create, change and delete. */
export function CannedResponses() {
  const { t } = useTranslation("canned");
  const { data, error, refetch } = useQuery(allCannedResponsesQuery);
  const [search, setSearch] = useState("");
  const [tab, setTab] = useState<ScopeTab>("all");
  const create = () => openCannedEditor({ text: "" });
  if (error && !data) {
    return <ErrorState error={error} title={t("load_failed")} onRetry={() => void refetch()} />;
  }
  if (!data) return <SkeletonRows count={6} height={56} label={t("loading")} />;
  const counts = countScopes(data);
  const tabs = (["all", ...SCOPES] as const).map<Tab<ScopeTab>>((value) => ({
    value,
    label: t(`tabs.${value}`),
    count: counts[value],
  }));
  const shown = filterCanned(data, tab, search);
  const newButton = (
    <Button variant="primary" onClick={create}>
      <Plus aria-hidden className="size-4" />
      {t("create")}
    </Button>
  );
  if (data.length === 0) {
    return (
      <EmptyState icon={<Zap />} title={t("none.title")} action={newButton}>
        {t("none.text")}
      </EmptyState>
    );
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <SearchInput
          label={t("search")}
          value={search}
          onChange={setSearch}
          className="min-w-48 flex-1"
        />
        {newButton}
      </div>
      <Tabs tabs={tabs} value={tab} onChange={setTab} label={t("tabs.label")}>
        {shown.length > 0 ? (
          <CannedList responses={shown} />
        ) : (
          <EmptyState icon={<MessageSquarePlus />} title={t("none_found.title")}>
            {t(search ? "none_found.search" : "none_found.scope")}
          </EmptyState>
        )}
      </Tabs>
    </>
  );
}
