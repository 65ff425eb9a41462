import { Outlet } from "@tanstack/react-router";

/** The frame of the pages before the sign-in. */
export function PublicPage() {
  return (
    <div className="flex min-h-full flex-col items-center bg-panel px-4 py-8 sm:justify-center">
      <main
        id="content"
        className="flex w-full max-w-[380px] flex-col gap-5 rounded-bubble border border-divider bg-page p-6 sm:p-8"
      >
        <div className="flex items-center gap-2">
          <img src="/favicon.svg" alt="" width={28} height={28} />
          <span className="font-semibold text-title">NioChat</span>
        </div>
        <Outlet />
      </main>
    </div>
  );
}
