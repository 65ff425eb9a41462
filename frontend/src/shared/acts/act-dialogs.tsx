import { closeActDialog, useOpenDialog } from "./dialogs-store";
import { LabelsDialog } from "./label-picker";
import { SnoozeDialog } from "./snooze-menu";
import { TransferDialog } from "./transfer-dialog";

/** The dialogs that `openActDialog` opens. The shell mounts it once. */
export function ActDialogs() {
  const open = useOpenDialog();
  if (!open) return null;
  const props = { conversations: open.conversations, onClose: closeActDialog };
  switch (open.dialog) {
    case "transfer":
      return <TransferDialog {...props} />;
    case "snooze":
      return <SnoozeDialog {...props} />;
    case "labels":
      return <LabelsDialog {...props} />;
  }
}
