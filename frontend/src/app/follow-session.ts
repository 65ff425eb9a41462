import type { QueryClient } from "@tanstack/react-query";
import { onSignedOut } from "@/shared/api/client";
import { currentUserQuery } from "@/shared/api/session";
import { placeOfSignOut, watchSession } from "@/shared/api/session-sync";
import { reasonForCode, safeTarget } from "./guard";
import type { createAppRouter } from "./router";

type AppRouter = ReturnType<typeof createAppRouter>;

function isPublic(pathname: string): boolean {
  return ["/entrar", "/esqueci", "/convite", "/redefinir"].includes(pathname);
}

/**
 * Shows the sign-in page when the session ends, wherever it was ended, and the pages of another user
 * when somebody else signs in in another tab. What was typed stays stored for its user.
 */
export function followSession(router: AppRouter, queryClient: QueryClient): void {
  onSignedOut((code) => {
    const { pathname, href } = router.state.location;
    // Whoever signs out here deletes the local data first and then shows the sign-in page.
    if (isPublic(pathname) || placeOfSignOut() === "here") return;
    const isLeaving = placeOfSignOut() !== null;
    const motivo = reasonForCode(isLeaving ? "signed_out_here" : code);
    const search = { ir: safeTarget(href), motivo };
    void router.navigate({ to: "/entrar", search });
  });
  watchSession(async () => {
    const before = queryClient.getQueryData(currentUserQuery.queryKey);
    if (isPublic(router.state.location.pathname)) return router.invalidate();
    const after = await queryClient
      .fetchQuery({ ...currentUserQuery, staleTime: 0 })
      .catch(() => undefined);
    if (before && after && before.id !== after.id) location.reload();
  });
}
