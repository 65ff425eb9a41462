import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act } from "@testing-library/react";
import type { ReactNode } from "react";
import { Toaster } from "@/shared/ui/feedback/toaster";
import { ANA, renderSignedIn } from "./signed-in";

/** Renders below a signed-in user and a router, whose address says where links have led. */
export async function renderRouted(children: ReactNode, user = ANA) {
  const router = createRouter({
    routeTree: createRootRoute({
      component: () => (
        <>
          {children}
          <Toaster />
        </>
      ),
      notFoundComponent: () => null,
    }),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  await act(() => router.load());
  renderSignedIn(<RouterProvider router={router as never} />, user);
  return { pathOf: () => router.history.location.href };
}

/** What Radix and the virtual lists need of a browser and jsdom does not have. */
export function completeBrowser(): void {
  Element.prototype.setPointerCapture ??= () => {};
  Element.prototype.hasPointerCapture ??= () => false;
  Element.prototype.scrollIntoView ??= () => {};
  globalThis.CSS ??= { escape: (text: string) => text.replace(/[^\w-]/g, "\\$&") } as typeof CSS;
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
}
