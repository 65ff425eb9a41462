import type { ReactNode } from "react";

export function SampleGroup({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="flex flex-col gap-3">
      <h2 className="border-divider border-b pb-1 font-semibold text-title">{title}</h2>
      {children}
    </section>
  );
}

export function Sample({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1.5">
      <h3 className="text-meta text-text-3">{name}</h3>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </div>
  );
}
