import { useState } from "react";
import { Accordion } from "@/shared/ui/display/accordion";
import { Avatar } from "@/shared/ui/display/avatar";
import { Badge } from "@/shared/ui/display/badge";
import { Chip, LabelChip, LabelChips } from "@/shared/ui/display/chip";
import { Kbd, Shortcut } from "@/shared/ui/display/kbd";
import { PRIORITIES, PriorityMark } from "@/shared/ui/display/priority-mark";
import { StatusPill } from "@/shared/ui/display/status-pill";
import { Tabs } from "@/shared/ui/display/tabs";
import { TimerText } from "@/shared/ui/display/timer-text";
import { Sample, SampleGroup } from "./sample";

const NOW = Date.parse("2026-03-12T14:05:00Z");
const NAMES = [
  "Maria das Dores",
  "João Pedro",
  "Ana",
  "Carlos Lima",
  "Rita Sá",
  "Igor",
  "Zé",
  null,
];
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

function Marks() {
  return (
    <>
      <Sample name="Avatar">
        {NAMES.map((name) => (
          <Avatar key={name} name={name} labelled />
        ))}
        <Avatar name="Ana Lima" size="small" presence="online" labelled />
        <Avatar name="Ana Lima" presence="away" labelled />
        <Avatar name="Ana Lima" size="large" presence="offline" labelled />
      </Sample>
      <Sample name="Badge, Chip, LabelChip">
        <Badge count={3} label="3 mensagens não lidas" />
        <Badge count={12} />
        <Badge count={4} tone="neutral" />
        <Badge count={1} tone="danger" />
        <Chip>Neutro</Chip>
        <Chip tone="ok">Online</Chip>
        <Chip tone="danger">Bloqueado</Chip>
        <LabelChip label="boleto" />
        <LabelChip label="sem-sinal" onRemove={() => {}} />
        <LabelChips labels={["vip", "os-aberta", "cancelamento", "fibra"]} />
      </Sample>
      <Sample name="StatusPill">
        {(["pending", "waiting", "open", "snoozed", "resolved"] as const).map((status) => (
          <StatusPill key={status} status={status} />
        ))}
      </Sample>
      <Sample name="PriorityMark">
        {PRIORITIES.map((priority) => (
          <PriorityMark key={priority} priority={priority} withText />
        ))}
      </Sample>
      <Sample name="TimerText">
        <TimerText since={before(65)} now={NOW} targetMs={300_000} />
        <TimerText since={before(200)} now={NOW} targetMs={300_000} />
        <TimerText since={before(4800)} now={NOW} targetMs={300_000} />
      </Sample>
      <Sample name="Kbd">
        <Kbd>Esc</Kbd> <Shortcut keys="$mod+KeyK" /> <Shortcut keys="Alt+J" />
      </Sample>
    </>
  );
}

export function DisplaySamples() {
  const [tab, setTab] = useState<"mine" | "all">("mine");
  const [open, setOpen] = useState(["contact"]);
  return (
    <SampleGroup title="Exibição">
      <Marks />
      <Tabs
        label="Listas"
        value={tab}
        onChange={setTab}
        tabs={[
          { value: "mine", label: "Minhas", count: 4 },
          { value: "all", label: "Todas", count: 128 },
        ]}
      >
        <p className="p-3 text-text-2">Conteúdo de {tab}</p>
      </Tabs>
      <Accordion
        open={open}
        onOpenChange={setOpen}
        sections={[
          { id: "contact", title: "Contato", content: "+55 81 98888-7777" },
          {
            id: "visits",
            title: "Atendimentos anteriores",
            end: <Badge count={3} tone="neutral" />,
            content: "…",
          },
        ]}
      />
      <div className="flex flex-col">
        <span className="text-heading">Página 20/28</span>
        <span className="text-title">Título 16/24</span>
        <span className="text-body">Mensagem 14/20</span>
        <span className="text-list">Lista 13/18</span>
        <span className="text-meta text-text-2">Detalhe 12/16 text-2</span>
        <span className="text-meta text-text-3">Detalhe 12/16 text-3</span>
        <span className="text-badge">Marca 11/16</span>
      </div>
    </SampleGroup>
  );
}
