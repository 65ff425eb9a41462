import { useQuery } from "@tanstack/react-query";
import { FileWarning, LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { fileUrlQuery } from "../../queries";

interface FileFrameProps {
  conversationId: string;
  message: Message;
  /** Draws the file once it can be opened. */
  children: (url: string) => ReactNode;
  /** Has the size of the file's own element, so that nothing moves when it arrives. */
  placeholder: ReactNode;
}

/** Waits for a file and its signed address, and says why it cannot be shown. */
export function FileFrame({ conversationId, message, children, placeholder }: FileFrameProps) {
  const { t } = useTranslation("thread");
  const isKept = message.file?.status === "kept";
  const query = useQuery({ ...fileUrlQuery(conversationId, message.id), enabled: isKept });
  if (message.file?.status === "wanted") {
    return (
      <div className="relative">
        {placeholder}
        <Note icon={<LoaderCircle className="size-4 animate-spin" />} text={t("file.wanted")} />
      </div>
    );
  }
  if (!isKept || query.isError) {
    const text = isKept ? t("file.unavailable") : t("file.missing");
    return (
      <div className="flex items-center gap-2">
        <Note icon={<FileWarning className="size-4" />} text={text} />
        {isKept && (
          <button type="button" className="text-link underline" onClick={() => query.refetch()}>
            {t("shared:actions.retry")}
          </button>
        )}
      </div>
    );
  }
  return query.data ? children(query.data.url) : placeholder;
}

function Note({ icon, text }: { icon: ReactNode; text: string }) {
  return (
    <p className="flex items-center gap-2 py-1 text-list text-text-2">
      {icon}
      {text}
    </p>
  );
}
