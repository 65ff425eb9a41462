import { useTranslation } from "@/shared/i18n/use-translation";
import { isInstalled, useInstall } from "@/shared/push/install";
import { pushSupport } from "@/shared/push/push";
import { Button } from "@/shared/ui/button";
import { PushDevices } from "./push-devices";

/** Push notifications on this device, and installing the desk as an app. */
export function PushSection() {
  const { t } = useTranslation("profile");
  const install = useInstall();
  const support = pushSupport();
  return (
    <>
      {support === "supported" ? (
        <PushDevices />
      ) : (
        <p className="text-list text-text-2">{t(`push.${support}`)}</p>
      )}
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-48 flex-1">
          <p className="text-list">{t("install.title")}</p>
          <p className="text-meta text-text-3">
            {isInstalled() ? t("install.done") : install ? t("install.text") : t("install.by_menu")}
          </p>
        </div>
        {install && <Button onClick={() => void install()}>{t("install.install")}</Button>}
      </div>
    </>
  );
}
