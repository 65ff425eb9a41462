import { Outlet, useLocation, useMatchRoute } from "@tanstack/react-router";
import { Suspense } from "react";
import { SessionBanner } from "@/features/auth/session-banner";
import { useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { LiveProvider } from "@/shared/live";
import { useScreenWidth } from "@/shared/navigation/screen-width";
import { lazyPart } from "@/shared/parts/load-part";
import { MessagePage } from "../pages/message-page";
import { useAppliedPreferences } from "./applied-preferences";
import { BottomBar } from "./bottom-bar";
import { OfflineStrip } from "./offline-strip";
import { Rail } from "./rail";
import { SignOutButton } from "./sign-out-button";
import { useContentShown } from "./use-content-shown";

const Extras = lazyPart(() => import("./extras").then((module) => ({ default: module.Extras })));

/** The frame of all pages of a signed-in user. */
export function Shell() {
  const { t } = useTranslation("app");
  const user = useCurrentUser();
  if (!user.tenant_id) {
    return (
      <MessagePage title={t("no_tenant.title")} text={t("no_tenant.text")}>
        <SignOutButton />
      </MessagePage>
    );
  }
  return (
    <LiveProvider userId={user.id} tenantId={user.tenant_id}>
      <Frame />
    </LiveProvider>
  );
}

function Frame() {
  const { t } = useTranslation("app");
  const isPhone = useScreenWidth() === "phone";
  const isWall = useLocation({ select: ({ search }) => search.wall === 1 });
  const isContentShown = useContentShown();
  useAppliedPreferences();
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#content"
        className="sr-only z-50 rounded-control bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("shell.skip")}
      </a>
      <OfflineStrip />
      <SessionBanner />
      <div className="flex min-h-0 flex-1">
        {!isPhone && !isWall && <Rail />}
        <div className="flex min-w-0 flex-1 flex-col">
          <Outlet />
        </div>
      </div>
      {isPhone && !isWall && <PhoneNavigation />}
      {isContentShown && (
        <Suspense>
          <Extras />
        </Suspense>
      )}
    </div>
  );
}

function PhoneNavigation() {
  const matchRoute = useMatchRoute();
  // The conversation needs the height that the navigation takes.
  return !matchRoute({ to: "/atendimentos/$id" }) && <BottomBar />;
}
