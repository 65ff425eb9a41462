import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { describeError } from "@/shared/api/describe-error";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "../button";
import { cn } from "../class-names";

export interface EmptyStateProps {
  icon?: ReactNode;
  title: ReactNode;
  /** What the user can do next. */
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}

/** Nothing here: a sentence and the next act. */
export function EmptyState({ icon, title, children, action, className }: EmptyStateProps) {
  return (
    <div
      className={cn(
        "flex flex-col items-center justify-center gap-2 px-6 py-10 text-center",
        className,
      )}
    >
      {icon && (
        <span aria-hidden className="text-text-3 [&_svg]:size-6">
          {icon}
        </span>
      )}
      <p className="font-semibold text-body text-text">{title}</p>
      {children && <div className="max-w-80 text-list text-text-2">{children}</div>}
      {action && <div className="pt-2">{action}</div>}
    </div>
  );
}

export interface ErrorStateProps {
  error: unknown;
  onRetry?: () => void;
  /** What could not be done: "A lista não carregou." */
  title?: ReactNode;
  className?: string;
}

/** Something failed: what to do, and a button that tries again. */
export function ErrorState({ error, onRetry, title, className }: ErrorStateProps) {
  const { t } = useTranslation();
  return (
    <div
      role="alert"
      className={cn(
        "flex flex-col items-center justify-center gap-2 px-6 py-10 text-center",
        className,
      )}
    >
      <CircleAlert aria-hidden className="size-6 text-danger" />
      {title && <p className="font-semibold text-body text-text">{title}</p>}
      <p className="max-w-80 text-list text-text-2">{describeError(error, t)}</p>
      {onRetry && (
        <Button className="mt-2" onClick={onRetry}>
          <RotateCw aria-hidden className="size-4" />
          {t("actions.retry")}
        </Button>
      )}
    </div>
  );
}
