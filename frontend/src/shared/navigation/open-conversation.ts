import { useMatchRoute } from "@tanstack/react-router";

/** The id of the conversation that the page shows; undefined on every other page. */
export function useOpenConversationId(): string | undefined {
  const match = useMatchRoute()({ to: "/atendimentos/$id" });
  return match ? match.id : undefined;
}
