import { Copy } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";

/** What the project has to trust, so that browsers may read in it. */
export function IssuerHint({ issuer }: { issuer: string }) {
  const { t } = useTranslation("supabase");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(issuer);
      toast.done(t("issuer.copied"));
    } catch {
      toast.error(t("issuer.not_copied"));
    }
  };
  return (
    <div className="flex flex-col gap-1">
      <h3 className="font-medium text-list">{t("issuer.title")}</h3>
      <p className="text-meta text-text-3">{t("issuer.text")}</p>
      <p className="flex items-center gap-2">
        <code className="min-w-0 break-all rounded-control bg-panel px-2 py-1 text-meta">
          {issuer}
        </code>
        <IconButton label={t("issuer.copy")} onClick={() => void copy()}>
          <Copy />
        </IconButton>
      </p>
    </div>
  );
}
