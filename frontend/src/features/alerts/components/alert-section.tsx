import { type ReactNode, useId } from "react";

interface AlertSectionProps {
  title: string;
  children: ReactNode;
}

export function AlertSection({ title, children }: AlertSectionProps) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="rounded-bubble border border-divider bg-page px-4 py-3"
    >
      <h2 id={id} className="pb-1 font-semibold text-body">
        {title}
      </h2>
      {children}
    </section>
  );
}
