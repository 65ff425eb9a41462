import { useState } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { toast } from "@/shared/ui/feedback/toaster";
import { Checkbox } from "@/shared/ui/form/checkbox";

interface RecoveryCodesProps {
  codes: readonly string[];
  onDone: () => void;
}

function download(text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "niochat-codigos-de-recuperacao.txt";
  link.click();
  URL.revokeObjectURL(link.href);
}

/** The codes that replace the app. They are shown this once. */
export function RecoveryCodes({ codes, onDone }: RecoveryCodesProps) {
  const { t } = useTranslation("profile");
  const [isKept, setKept] = useState(false);
  const text = codes.join("\n");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    toast.done(t("shared:actions.copied"));
  };
  return (
    <div className="flex flex-col gap-4">
      <Banner tone="warn" className="rounded-control">
        {t("recovery.keep")}
      </Banner>
      <ul className="grid grid-cols-2 gap-x-6 gap-y-1 self-start rounded-control bg-panel px-4 py-3 font-mono text-body">
        {codes.map((code) => (
          <li key={code} className="select-all">
            {code}
          </li>
        ))}
      </ul>
      <div className="flex flex-wrap gap-2">
        <Button onClick={copy}>{t("shared:actions.copy")}</Button>
        <Button onClick={() => download(`${text}\n`)}>{t("recovery.download")}</Button>
      </div>
      <Checkbox
        label={t("recovery.kept")}
        checked={isKept}
        onCheckedChange={(checked) => setKept(checked === true)}
      />
      <div>
        <Button variant="primary" disabled={!isKept} onClick={onDone}>
          {t("recovery.done")}
        </Button>
      </div>
    </div>
  );
}
