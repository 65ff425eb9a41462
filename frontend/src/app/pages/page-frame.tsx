import { type ReactNode, Suspense } from "react";
import { LoadingPage } from "./loading-page";

/** The frame of a page that is not the inbox. */
export function PageFrame({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
      <h1 className="sr-only">{title}</h1>
      <Suspense fallback={<LoadingPage />}>{children}</Suspense>
    </main>
  );
}
