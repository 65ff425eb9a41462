import { useTranslation } from "@/shared/i18n/use-translation";
import type { Message } from "@/shared/live";
import { useThreadContext } from "../model/thread-context";

/** The name above a bubble: an agent's own, or what else wrote it. */
export function useAuthorName(message: Pick<Message, "author" | "details"> | undefined): string {
  const { t } = useTranslation("thread");
  const { nameOf, userId } = useThreadContext();
  if (!message) return "";
  const agent = message.details.agent;
  if (message.author === "agent" && typeof agent === "string") {
    return agent === userId ? t("authors.me") : nameOf(agent);
  }
  return t(`authors.${message.author}`, { defaultValue: t("authors.agent") });
}
