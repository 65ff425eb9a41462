import { createRoute, redirect } from "@tanstack/react-router";
import { oneOf, oneText } from "@/shared/navigation/address";
import { SIGN_IN_REASONS, type SignInReason, safeTarget, skipIfSignedIn } from "../guard";
import { lazyPage } from "./lazy-page";
import { rootRoute } from "./root-route";

interface SignInSearch {
  ir?: string | undefined;
  motivo?: SignInReason | undefined;
}

const publicRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "public",
  component: lazyPage(() => import("../pages/public-page"), "PublicPage"),
});

const signInRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: "/entrar",
  validateSearch: (search): SignInSearch => ({
    ir: oneText(search, "ir"),
    motivo: oneOf(search, "motivo", SIGN_IN_REASONS),
  }),
  beforeLoad: ({ context, search }) => skipIfSignedIn(context.queryClient, safeTarget(search.ir)),
  component: lazyPage(() => import("../pages/sign-in-page"), "SignInPage"),
  staticData: { title: "sign_in" },
});

const forgottenRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: "/esqueci",
  component: lazyPage(() => import("@/features/auth/forgotten-password"), "ForgottenPassword"),
  staticData: { title: "forgotten" },
});

// The links of the e-mails. What follows `#` is the secret; no server sees it.
const invitationRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: "/convite",
  component: lazyPage(() => import("@/features/auth/set-password"), "AcceptInvitation"),
  staticData: { title: "invitation" },
});

const resetRoute = createRoute({
  getParentRoute: () => publicRoute,
  path: "/redefinir",
  component: lazyPage(() => import("@/features/auth/set-password"), "ResetPassword"),
  staticData: { title: "reset" },
});

const firstRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/atendimentos", replace: true });
  },
});

const designRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/design",
  component: lazyPage(() => import("@/features/design"), "DesignPage"),
  staticData: { title: "design" },
});

export const publicRoutes = [
  firstRoute,
  publicRoute.addChildren([signInRoute, forgottenRoute, invitationRoute, resetRoute]),
  ...(import.meta.env.DEV ? [designRoute] : []),
] as const;
