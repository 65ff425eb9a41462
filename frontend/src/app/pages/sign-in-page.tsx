import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { SignInPanel } from "@/features/auth/sign-in-panel";
import { safeTarget } from "../guard";

const route = getRouteApi("/public/entrar");

export function SignInPage() {
  const { ir, motivo } = route.useSearch();
  const queryClient = useQueryClient();
  const router = useRouter();
  // Nothing of the user before is kept. Not earlier: the pages of that user still read the cache.
  useEffect(() => queryClient.clear(), [queryClient]);
  const enter = () => router.history.push(safeTarget(ir));
  return <SignInPanel reason={motivo} onSignedIn={enter} />;
}
