import * as Radix from "radix-ui/alert-dialog";
import type { ReactElement, ReactNode } from "react";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "../button";
import { cn } from "../class-names";
import { shade } from "./dialog";
import { useReturnFocus } from "./return-focus";
import { fadeIn, surface } from "./surface";

export interface ConfirmDialogProps {
  title: ReactNode;
  /** What will happen, and whether it can be undone. */
  description: ReactNode;
  /** The verb of the act: "Excluir", not "OK". */
  confirmLabel: string;
  onConfirm: () => void;
  danger?: boolean;
  busy?: boolean;
  trigger?: ReactElement;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  children?: ReactNode;
}

/** Asks before an act that cannot be undone. Focus starts on "Cancelar". */
export function ConfirmDialog({
  title,
  description,
  confirmLabel,
  onConfirm,
  danger = false,
  busy = false,
  trigger,
  open,
  onOpenChange,
  children,
}: ConfirmDialogProps) {
  const { t } = useTranslation();
  const focus = useReturnFocus(trigger !== undefined);
  return (
    <Radix.Root
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      {trigger && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        <Radix.Overlay className={shade} />
        <Radix.Content
          {...focus}
          className={cn(
            surface,
            fadeIn,
            "fixed top-1/2 left-1/2 flex w-[calc(100vw-32px)] max-w-[400px] -translate-x-1/2 -translate-y-1/2 flex-col gap-3 p-4",
          )}
        >
          <Radix.Title className="font-semibold text-title">{title}</Radix.Title>
          <Radix.Description className="text-list text-text-2">{description}</Radix.Description>
          {children}
          <div className="flex justify-end gap-2 pt-1">
            <Radix.Cancel asChild>
              <Button>{t("actions.cancel")}</Button>
            </Radix.Cancel>
            <Radix.Action asChild>
              <Button variant={danger ? "danger" : "primary"} disabled={busy} onClick={onConfirm}>
                {confirmLabel}
              </Button>
            </Radix.Action>
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
