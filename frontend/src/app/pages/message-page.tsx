import type { ReactNode } from "react";

interface MessagePageProps {
  title: string;
  text: string;
  detail?: string | undefined;
  children: ReactNode;
}

/** A page that only says something and offers what to do. */
export function MessagePage({ title, text, detail, children }: MessagePageProps) {
  return (
    <main
      id="content"
      className="flex h-full min-h-60 flex-col items-center justify-center gap-2 p-6 text-center"
    >
      <h1 className="font-semibold text-title">{title}</h1>
      <p className="max-w-[52ch] text-body text-text-2">{text}</p>
      {detail && <p className="text-meta text-text-3">{detail}</p>}
      <div className="mt-2 flex gap-2">{children}</div>
    </main>
  );
}
