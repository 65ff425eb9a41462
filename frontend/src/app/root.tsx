import { Outlet } from "@tanstack/react-router";
import { TooltipLayer } from "@/shared/ui/overlay/tooltip-layer";
import { DocumentTitle } from "./document-title";

/** What every page has, also those of people who are not signed in. */
export function Root() {
  return (
    <>
      <DocumentTitle />
      <Outlet />
      <TooltipLayer />
    </>
  );
}
