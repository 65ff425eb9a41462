import { useMutation } from "@tanstack/react-query";
import { Download, Plus } from "lucide-react";
import { describeError } from "@/shared/api/describe-error";
import { useLabels } from "@/shared/api/labels";
import { may, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { LabelDot } from "@/shared/ui/display/chip";
import { Spinner } from "@/shared/ui/feedback/progress";
import { toast } from "@/shared/ui/feedback/toaster";
import { Combobox } from "@/shared/ui/form/combobox";
import { SearchInput } from "@/shared/ui/form/input";
import { IconButton } from "@/shared/ui/icon-button";
import { exportContacts } from "../model/export-contacts";

interface ListToolbarProps {
  text: string;
  labels: readonly string[];
  onText: (text: string) => void;
  onLabels: (labels: string[]) => void;
  onNew: () => void;
  /** Arrow down: into the list. */
  onLeave: () => void;
}

export function ListToolbar(props: ListToolbarProps) {
  const { text, labels, onText, onLabels, onNew, onLeave } = props;
  const { t } = useTranslation("contacts");
  const user = useCurrentUser();
  const known = useLabels().filter((each) => each.contacts > 0 || labels.includes(each.name));
  return (
    <div className="flex flex-col gap-2 border-divider border-b p-3">
      <div className="flex items-center gap-2">
        <h2 className="flex-1 font-semibold text-title">{t("title")}</h2>
        {may(user, "contacts:export") && <ExportButton />}
        {may(user, "contacts:write") && (
          <Button variant="primary" onClick={onNew}>
            <Plus aria-hidden className="size-4" />
            {t("new.verb")}
          </Button>
        )}
      </div>
      <SearchInput
        label={t("search")}
        value={text}
        maxLength={120}
        onChange={onText}
        onKeyUp={(event) => event.key === "ArrowDown" && onLeave()}
      />
      {known.length > 0 && (
        <Combobox
          multiple
          label={t("labels")}
          value={labels}
          onChange={onLabels}
          options={known.map(({ name }) => ({
            value: name,
            label: name,
            icon: <LabelDot label={name} />,
          }))}
        />
      )}
    </div>
  );
}

function ExportButton() {
  const { t } = useTranslation("contacts");
  const download = useMutation({
    mutationFn: exportContacts,
    onError: (error) => toast.error(t("export.failed"), { description: describeError(error, t) }),
  });
  return (
    <IconButton
      label={t(download.isPending ? "export.running" : "export.verb")}
      disabled={download.isPending}
      onClick={() => download.mutate()}
    >
      {download.isPending ? <Spinner /> : <Download />}
    </IconButton>
  );
}
