import { Sparkles } from "lucide-react";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { AssistantDraft } from "@/shared/live";
import { FormattedText } from "@/shared/ui/formatted-text";

/** The assistant's text while it is generated. The message of the turn replaces it. */
export function DraftBubble({ draft }: { draft: AssistantDraft }) {
  const { t } = useTranslation("thread");
  const tool = draft.tools.at(-1);
  const doing = tool
    ? t("draft.tool", {
        tool: t(`shared:tools.${tool}`, { defaultValue: tool.replaceAll("_", " ") }),
      })
    : t("draft.thinking");
  return (
    <div className="flex flex-col items-end px-4" aria-hidden>
      <p className="mb-0.5 flex items-center gap-1 px-1 text-ai text-meta">
        <Sparkles className="size-3 animate-pulse" />
        {draft.text ? t("draft.writing") : doing}
      </p>
      {draft.text && (
        <div className="max-w-[min(72ch,78%)] rounded-bubble border border-ai border-dashed bg-ai-soft px-3 py-1.5">
          <FormattedText text={draft.text} />
        </div>
      )}
    </div>
  );
}
