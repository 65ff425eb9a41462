import { Children, Fragment, isValidElement, type ReactNode } from "react";
import { Group, type Layout, Panel, Separator } from "react-resizable-panels";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "../class-names";

export interface PaneProps {
  id: string;
  /** Pixels. Without `size` the pane takes what remains. */
  size?: number;
  min?: number;
  max?: number;
  className?: string;
  children: ReactNode;
}

/** A pane of `Panes`. */
export function Pane({ children }: PaneProps) {
  return children;
}

export interface PanesProps {
  /** Under this name the browser remembers the widths, for each set of panes. */
  name: string;
  /** `Pane` elements; falsy ones are left out. */
  children: ReactNode;
  className?: string;
}

/** Panes beside each other whose widths the user sets by pointer or arrow keys. */
export function Panes({ name, children, className }: PanesProps) {
  const { t } = useTranslation();
  const panes = Children.toArray(children).filter((child) => isValidElement<PaneProps>(child));
  const key = `niochat.panes.${name}.${panes.map((pane) => pane.props.id).join("-")}`;
  const stored = readLayout(key);
  return (
    <Group
      key={key}
      orientation="horizontal"
      className={cn("min-h-0 flex-1", className)}
      {...(stored ? { defaultLayout: stored } : {})}
      onLayoutChanged={(_layout, meta) => {
        if (meta.isUserInteraction) localStorage.setItem(key, JSON.stringify(_layout));
      }}
    >
      {panes.map((pane, index) => (
        <Fragment key={pane.props.id}>
          {index > 0 && (
            <Separator
              aria-label={t("ui.resize")}
              className="relative z-10 w-px bg-divider outline-offset-0 after:absolute after:inset-y-0 after:-left-1 after:w-2 hover:bg-accent data-[separator=active]:bg-accent"
            />
          )}
          <OnePane {...pane.props} />
        </Fragment>
      ))}
    </Group>
  );
}

function OnePane({ id, size, min = 240, max, className, children }: PaneProps) {
  return (
    <Panel
      id={id}
      minSize={min}
      {...(size ? { defaultSize: size, groupResizeBehavior: "preserve-pixel-size" } : {})}
      {...(max ? { maxSize: max } : {})}
      className={cn("flex min-w-0 flex-col contain-content", className)}
    >
      {children}
    </Panel>
  );
}

/** Widths are no secret; a value that does not fit is ignored. */
function readLayout(key: string): Layout | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (!value || typeof value !== "object") return null;
    return Object.values(value).every((each) => typeof each === "number")
      ? (value as Layout)
      : null;
  } catch {
    return null;
  }
}
