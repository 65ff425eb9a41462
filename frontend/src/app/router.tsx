import type { QueryClient } from "@tanstack/react-query";
import { createRouter } from "@tanstack/react-router";
import { ErrorPage } from "./pages/error-page";
import { LoadingPage } from "./pages/loading-page";
import { NotFoundPage } from "./pages/not-found-page";
import { publicRoutes } from "./routes/public-routes";
import { rootRoute } from "./routes/root-route";
import { signedInRoutes } from "./routes/signed-in-routes";

const routeTree = rootRoute.addChildren([...publicRoutes, signedInRoutes]);

/** All pages. This is the only place that joins features. */
export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
    defaultPendingComponent: LoadingPage,
    defaultPendingMs: 700,
    defaultPendingMinMs: 0, // else a page that is ready would wait for half a second
    defaultPreload: "intent",
    scrollRestoration: false, // panes scroll, not the page
  });
}

type AppRouter = ReturnType<typeof createAppRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
  interface StaticDataRouteOption {
    /** The key below `app:titles` of the page's title. */
    title?: string;
  }
}
