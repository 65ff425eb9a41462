import { ChevronDown, Folder, FolderPlus, Trash2 } from "lucide-react";
import { useState } from "react";
import { describeError } from "@/shared/api/describe-error";
import { usePreferences, useUpdatePreferences } from "@/shared/api/preferences";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Dialog, DialogClose } from "@/shared/ui/overlay/dialog";
import { DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { countFilters, folderFrom, searchFrom, withoutFilters } from "../model/filters";
import type { FilterProps } from "./filter-popover";

const MAX_FOLDERS = 50;
const MAX_NAME = 60;

/** The saved filters: open one, save the present ones, delete the open one. */
export function FolderMenu({ search, onSearchChange }: FilterProps) {
  const { t } = useTranslation("inbox");
  const { folders } = usePreferences();
  const [saving, setSaving] = useState(false);
  const change = useChangeFolders();
  const open = folders.find((each) => each.id === search.pasta);
  const remove = () => {
    if (!open) return;
    onSearchChange(withoutFilters(search));
    change((all) => all.filter((each) => each.id !== open.id));
    toast.done(t("folder.deleted", { name: open.name }), {
      action: { label: t("shared:actions.undo"), run: () => change((all) => [...all, open]) },
    });
  };
  const canSave = countFilters(search) > 0 && folders.length < MAX_FOLDERS;
  const entries: MenuEntry[] = [
    {
      id: "none",
      label: t("folder.none"),
      checked: !open,
      onSelect: () => onSearchChange(withoutFilters(search)),
    },
    ...folders.map(
      (folder): MenuEntry => ({
        id: folder.id,
        label: folder.name,
        icon: <Folder />,
        checked: folder.id === open?.id,
        onSelect: () => onSearchChange(searchFrom(folder)),
      }),
    ),
    { type: "line", id: "line" },
    {
      id: "save",
      label: t("folder.save"),
      icon: <FolderPlus />,
      disabled: !canSave,
      onSelect: () => setSaving(true),
    },
  ];
  if (open) {
    entries.push({
      id: "delete",
      label: t("folder.delete", { name: open.name }),
      icon: <Trash2 />,
      danger: true,
      onSelect: remove,
    });
  }
  return (
    <>
      <DropdownMenu
        entries={entries}
        trigger={
          <Button variant="quiet" size="small" className="min-w-0 shrink gap-1">
            <Folder aria-hidden className="size-4 shrink-0" />
            <span className="truncate">{open?.name ?? t("folder.title")}</span>
            <ChevronDown aria-hidden className="size-4 shrink-0" />
          </Button>
        }
      />
      {saving && (
        <SaveFolderDialog
          onClose={() => setSaving(false)}
          onSave={(name) => {
            const id = crypto.randomUUID();
            change((all) => [...all, folderFrom(search, id, name)]);
            onSearchChange({ ...search, pasta: id });
          }}
        />
      )}
    </>
  );
}

function useChangeFolders() {
  const { t } = useTranslation("inbox");
  const update = useUpdatePreferences();
  type Folders = ReturnType<typeof usePreferences>["folders"];
  return (change: (folders: Folders) => Folders) =>
    update.mutate((preferences) => ({ ...preferences, folders: change(preferences.folders) }), {
      onError: (error) => toast.error(t("folder.failed"), { description: describeError(error, t) }),
    });
}

interface SaveFolderDialogProps {
  onClose: () => void;
  onSave: (name: string) => void;
}

function SaveFolderDialog({ onClose, onSave }: SaveFolderDialogProps) {
  const { t } = useTranslation("inbox");
  const [name, setName] = useState("");
  const submit = () => {
    if (!name.trim()) return;
    onSave(name.trim());
    onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("folder.save_title")}
      description={t("folder.save_hint")}
      width="narrow"
      footer={
        <>
          <DialogClose asChild>
            <Button>{t("shared:actions.cancel")}</Button>
          </DialogClose>
          <Button variant="primary" disabled={!name.trim()} onClick={submit}>
            {t("shared:actions.save")}
          </Button>
        </>
      }
    >
      <Field label={t("folder.name")}>
        <Input
          value={name}
          maxLength={MAX_NAME}
          placeholder={t("folder.example")}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && submit()}
        />
      </Field>
    </Dialog>
  );
}
