import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { ReportRequest } from "@/shared/metrics/report-queries";
import { Dialog } from "@/shared/ui/overlay/dialog";
import type { ReportSchedule } from "../queries";
import { ScheduleForm } from "./schedule-form";
import { ScheduleList } from "./schedule-list";

interface ScheduleDialogProps {
  /** The shown report, which a new schedule sends. */
  request: ReportRequest;
  /** The name of the shown tab. */
  name: string;
  onClose: () => void;
}

/** Sends the shown report by e-mail, again and again; and lists what is sent already. */
export function ScheduleDialog({ request, name, onClose }: ScheduleDialogProps) {
  const { t } = useTranslation("reports");
  const [edited, setEdited] = useState<ReportSchedule | null>(null);
  return (
    <Dialog
      open
      width="wide"
      onOpenChange={(open) => !open && onClose()}
      title={t(edited ? "schedules.title_edit" : "schedules.title")}
    >
      <div className="flex flex-col gap-6">
        <ScheduleForm
          key={edited?.id ?? "new"}
          request={request}
          name={name}
          edited={edited}
          onDone={() => setEdited(null)}
        />
        <ScheduleList onEdit={setEdited} />
      </div>
    </Dialog>
  );
}
