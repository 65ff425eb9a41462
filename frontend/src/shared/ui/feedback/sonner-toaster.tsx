import { useEffect } from "react";
import { Toaster as Sonner, toast as show } from "sonner";
import { useTranslation } from "@/shared/i18n/use-translation";
import { useScreenWidth } from "@/shared/navigation/screen-width";

interface SonnerToasterProps {
  /** Called once notices can be shown. */
  onReady: (library: typeof show) => void;
}

/** What shows the notices; loaded after the first paint. */
export function SonnerToaster({ onReady }: SonnerToasterProps) {
  const { t } = useTranslation();
  const isPhone = useScreenWidth() === "phone";
  // The effects of `Sonner`, which listens from then on, run before this one.
  useEffect(() => onReady(show), [onReady]);
  return (
    <Sonner
      // Beside the rail; on a phone above, because below are the navigation and the composer.
      position={isPhone ? "top-center" : "bottom-left"}
      offset={{ left: 72, bottom: 16 }}
      style={{ fontFamily: "inherit" }}
      visibleToasts={3}
      containerAriaLabel={t("ui.notices")}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            "flex w-[356px] max-w-[calc(100vw-32px)] items-center gap-2 rounded-control bg-overlay px-3 py-2 font-sans text-list text-text shadow-overlay [&_[data-icon]_svg]:size-4",
          content: "min-w-0 flex-1",
          title: "font-medium",
          description: "text-text-2",
          actionButton:
            "inline-flex h-7 shrink-0 items-center rounded-control px-2 font-semibold text-accent hover:bg-hover",
          success: "[&_[data-icon]]:text-ok",
          error: "[&_[data-icon]]:text-danger",
          warning: "[&_[data-icon]]:text-warn",
        },
      }}
    />
  );
}
