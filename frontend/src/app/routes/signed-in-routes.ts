import { createRoute, redirect } from "@tanstack/react-router";
import { loadLateTexts } from "@/shared/i18n/i18n";
import { manyTexts, oneText } from "@/shared/navigation/address";
import { readInboxSearch } from "@/shared/navigation/inbox-search";
import { readReportSearch } from "@/shared/navigation/report-search";
import { fetchInboxEarly } from "../fetch-inbox-early";
import { requireSession } from "../guard";
import { lazyPage } from "./lazy-page";
import { rootRoute } from "./root-route";

interface ContactsSearch {
  q?: string | undefined;
  etiqueta?: string[] | undefined;
}

const loadShell = () => import("../shell/shell");

const signedInRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "signed-in",
  beforeLoad: async ({ context, location }) => {
    loadShell().catch(() => undefined); // beside the question who is signed in, not after it
    await requireSession(context.queryClient, location.href);
  },
  component: lazyPage(loadShell, "Shell"),
});

const inboxRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/atendimentos",
  validateSearch: readInboxSearch,
  beforeLoad: ({ context, search }) => fetchInboxEarly(context.queryClient, search),
  component: lazyPage(() => import("../pages/inbox-page"), "InboxPage"),
  staticData: { title: "inbox" },
});

/** The open conversation. The page is the inbox's, which reads `id`. */
const conversationRoute = createRoute({ getParentRoute: () => inboxRoute, path: "$id" });

const boardRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/quadro",
  component: lazyPage(() => import("../pages/board-page"), "BoardPage"),
  staticData: { title: "board" },
});

const contactsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/contatos",
  validateSearch: (search): ContactsSearch => ({
    q: oneText(search, "q"),
    etiqueta: manyTexts(search, "etiqueta"),
  }),
  component: lazyPage(() => import("../pages/contacts-page"), "ContactsPage"),
  staticData: { title: "contacts" },
});

/** The open contact. The page is the one of the contacts, which reads `id`. */
const contactRoute = createRoute({ getParentRoute: () => contactsRoute, path: "$id" });

const searchRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/busca",
  validateSearch: (search): { q?: string | undefined } => ({ q: oneText(search, "q") }),
  component: lazyPage(() => import("../pages/search-page"), "SearchPage"),
  staticData: { title: "search" },
});

const profileRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/perfil",
  component: lazyPage(() => import("../pages/profile-page"), "ProfilePage"),
  staticData: { title: "profile" },
});

const cannedRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/perfil/respostas",
  component: lazyPage(() => import("../pages/canned-page"), "CannedPage"),
  staticData: { title: "canned" },
});

/** Loads a page together with its texts. */
const withTexts =
  <Page>(load: () => Promise<Page>) =>
  async () => {
    const [page] = await Promise.all([load(), loadLateTexts()]);
    return page;
  };

const dashboardRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/painel",
  // The wall mode: for a television, without navigation.
  validateSearch: ({ wall }): { wall?: 1 | undefined } => ({
    wall: Number(wall) === 1 ? 1 : undefined,
  }),
  component: lazyPage(
    withTexts(() => import("../pages/dashboard-page")),
    "DashboardPage",
  ),
  staticData: { title: "dashboard" },
});

const reportsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/relatorios",
  validateSearch: readReportSearch,
  component: lazyPage(
    withTexts(() => import("../pages/reports-page")),
    "ReportsPage",
  ),
  staticData: { title: "reports" },
});

const alertsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/alertas",
  component: lazyPage(
    withTexts(() => import("../pages/alerts-page")),
    "AlertsPage",
  ),
  staticData: { title: "alerts" },
});

const slaRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/sla",
  component: lazyPage(
    withTexts(() => import("../pages/sla-page")),
    "SlaPage",
  ),
  staticData: { title: "sla" },
});

const followUpsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/recuperacao",
  component: lazyPage(
    withTexts(() => import("../pages/follow-ups-page")),
    "FollowUpsPage",
  ),
  staticData: { title: "follow_ups" },
});

const supabaseRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/supabase",
  component: lazyPage(
    withTexts(() => import("../pages/supabase-page")),
    "SupabasePage",
  ),
  staticData: { title: "supabase" },
});

// The English names of both pages, as links and televisions may have them.
const dashboardAlias = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/dashboard",
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/painel", search, replace: true });
  },
});
const reportsAlias = createRoute({
  getParentRoute: () => signedInRoute,
  path: "/reports",
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/relatorios", search, replace: true });
  },
});

export const signedInRoutes = signedInRoute.addChildren([
  inboxRoute.addChildren([conversationRoute]),
  boardRoute,
  contactsRoute.addChildren([contactRoute]),
  searchRoute,
  profileRoute,
  cannedRoute,
  dashboardRoute,
  reportsRoute,
  alertsRoute,
  slaRoute,
  supabaseRoute,
  followUpsRoute,
  dashboardAlias,
  reportsAlias,
]);
