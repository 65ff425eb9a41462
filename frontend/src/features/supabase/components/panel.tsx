import { type ReactNode, useId } from "react";

interface PanelProps {
  title: string;
  /** What stands beside the title. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Panel({ title, actions, children }: PanelProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex flex-col gap-3 rounded-bubble border border-divider bg-page px-4 py-3"
    >
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 id={id} className="font-semibold text-body">
          {title}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
