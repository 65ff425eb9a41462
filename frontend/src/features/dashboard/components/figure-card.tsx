import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { InboxSearch } from "@/shared/navigation/inbox-search";
import { cn } from "@/shared/ui/class-names";

interface FigureCardProps {
  name: string;
  value: string;
  icon?: ReactNode;
  /** A quieter line below the figure; its place is kept while it is empty. */
  detail?: ReactNode;
  tone?: "plain" | "warn" | "danger";
  isWall: boolean;
  /** The list of the inbox that shows the conversations behind the figure. */
  search?: InboxSearch;
}

const TONES = { plain: "text-text", warn: "text-warn", danger: "text-danger" };

/** One figure of now; a click shows the conversations behind it. */
export function FigureCard(props: FigureCardProps) {
  const { name, value, icon, detail, tone = "plain", isWall, search } = props;
  const look = cn(
    "flex min-w-0 flex-col gap-1 rounded-bubble border border-divider bg-page p-4",
    isWall && "p-6",
  );
  const content = (
    <>
      <span
        className={cn(
          "flex items-center gap-1.5 text-text-2",
          isWall ? "text-[22px] leading-tight [&_svg]:size-6" : "text-list [&_svg]:size-4",
        )}
      >
        {icon}
        {name}
      </span>
      <span
        className={cn(
          "font-semibold tabular-nums",
          isWall ? "text-[88px] leading-none" : "text-figure",
          TONES[tone],
        )}
      >
        {value}
      </span>
      <span
        className={cn(
          "text-text-2 tabular-nums",
          isWall ? "min-h-6 text-[18px] leading-6" : "min-h-4 text-meta",
        )}
      >
        {detail}
      </span>
    </>
  );
  return search ? (
    <Link to="/atendimentos" search={search} className={cn(look, "hover:border-control")}>
      {content}
    </Link>
  ) : (
    <div className={look}>{content}</div>
  );
}
