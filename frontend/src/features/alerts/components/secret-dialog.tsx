import { Copy } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { Dialog } from "@/shared/ui/overlay/dialog";

interface SecretDialogProps {
  secret: string;
  onClose: () => void;
}

/** Shows the secret of a webhook, which nobody can read again later. */
export function SecretDialog({ secret, onClose }: SecretDialogProps) {
  const { t } = useTranslation("alerts");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      toast.done(t("secret.copied"));
    } catch {
      toast.error(t("secret.not_copied"));
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("secret.title")}
      description={t("secret.text")}
      footer={
        <>
          <Button onClick={() => void copy()}>
            <Copy aria-hidden className="size-4" />
            {t("secret.copy")}
          </Button>
          <Button variant="primary" onClick={onClose}>
            {t("secret.done")}
          </Button>
        </>
      }
    >
      <code className="block break-all rounded-control bg-panel p-3 text-list">{secret}</code>
    </Dialog>
  );
}
