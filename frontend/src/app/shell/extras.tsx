import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { CannedEditor } from "@/features/canned";
import { Commands } from "@/features/commands/commands";
import { ExportNotices } from "@/features/exports";
import { Notifications } from "@/features/notifications/notifications";
import { StartConversation } from "@/features/start";
import { ActDialogs } from "@/shared/acts";
import { Toaster } from "@/shared/ui/feedback/toaster";
import { loadOptionLists } from "@/shared/ui/form/option-list";

/** What works without being seen; the first paint does not wait for it. */
export function Extras() {
  const navigate = useNavigate();
  useEffect(() => void loadOptionLists(), []);
  const open = (id: string) => void navigate({ to: "/atendimentos/$id", params: { id } });
  return (
    <>
      <Toaster />
      <Commands />
      <Notifications />
      <ExportNotices />
      <ActDialogs />
      <CannedEditor />
      <StartConversation onOpen={open} />
    </>
  );
}
