import { lazyRouteComponent } from "@tanstack/react-router";
import { loadPart } from "@/shared/parts/load-part";

/** The component `name` of a page's module, which is loaded when somebody goes there. */
// biome-ignore lint/suspicious/noExplicitAny: the router's own type of `lazyRouteComponent`
export function lazyPage<Page extends Record<string, any>, Name extends keyof Page>(
  load: () => Promise<Page>,
  name: Name,
) {
  return lazyRouteComponent(() => loadPart(load), name);
}
