import { CircleCheck, Ellipsis, Trash2 } from "lucide-react";
import { Button } from "@/shared/ui/button";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";
import { Dialog, DialogClose } from "@/shared/ui/overlay/dialog";
import { ContextMenu, DropdownMenu, type MenuEntry } from "@/shared/ui/overlay/menu";
import { Popover } from "@/shared/ui/overlay/popover";
import { Sheet } from "@/shared/ui/overlay/sheet";
import { Tooltip } from "@/shared/ui/overlay/tooltip";
import { Sample, SampleGroup } from "./sample";

const nothing = () => {};
const ENTRIES: MenuEntry[] = [
  { id: "resolve", label: "Encerrar", icon: <CircleCheck />, shortcut: "Alt+E", onSelect: nothing },
  { id: "line", type: "line" },
  {
    id: "priority",
    type: "submenu",
    label: "Prioridade",
    entries: [
      { id: "high", label: "Alta", checked: true, onSelect: nothing },
      { id: "low", label: "Baixa", checked: false, onSelect: nothing },
    ],
  },
  { id: "delete", label: "Excluir", icon: <Trash2 />, danger: true, onSelect: nothing },
];

export function OverlaySamples() {
  return (
    <SampleGroup title="Camadas">
      <Sample name="Dialog, ConfirmDialog, Sheet, Popover, Menu, Tooltip">
        <Dialog
          title="Transferir atendimento"
          description="A pessoa recebe a conversa e a sua nota."
          trigger={<Button>Dialog</Button>}
          footer={
            <>
              <DialogClose asChild>
                <Button>Cancelar</Button>
              </DialogClose>
              <Button variant="primary">Transferir</Button>
            </>
          }
        >
          Conteúdo
        </Dialog>
        <ConfirmDialog
          title="Excluir a pasta?"
          description="Ninguém mais a verá. Isso não pode ser desfeito."
          confirmLabel="Excluir"
          danger
          onConfirm={nothing}
          trigger={<Button>ConfirmDialog</Button>}
        />
        <Sheet title="Contato" trigger={<Button>Sheet</Button>}>
          <p className="p-4">Conteúdo</p>
        </Sheet>
        <Popover label="Ajustes" trigger={<Button>Popover</Button>}>
          Conteúdo
        </Popover>
        <DropdownMenu
          entries={ENTRIES}
          trigger={
            <IconButton label="Mais">
              <Ellipsis />
            </IconButton>
          }
        />
        <ContextMenu entries={() => ENTRIES}>
          <button type="button" className="rounded-control border border-control border-dashed p-2">
            Botão direito aqui
          </button>
        </ContextMenu>
        <Tooltip label="Explica em uma linha" shortcut="Alt+J">
          <Button variant="quiet">Tooltip</Button>
        </Tooltip>
      </Sample>
    </SampleGroup>
  );
}
