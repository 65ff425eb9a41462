import { Paperclip, Pin, Send } from "lucide-react";
import { useState } from "react";
import { Button } from "@/shared/ui/button";
import { Checkbox } from "@/shared/ui/form/checkbox";
import { Combobox } from "@/shared/ui/form/combobox";
import { Field } from "@/shared/ui/form/field";
import { Input, SearchInput, Textarea } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Switch } from "@/shared/ui/form/switch";
import { IconButton } from "@/shared/ui/icon-button";
import { Sample, SampleGroup } from "./sample";

const TEAMS = [
  { value: "support", label: "Suporte" },
  { value: "billing", label: "Financeiro" },
  { value: "sales", label: "Vendas" },
];

function ButtonSamples() {
  return (
    <>
      <Sample name="Button">
        <Button variant="primary">Assumir</Button>
        <Button>Transferir</Button>
        <Button variant="quiet">Cancelar</Button>
        <Button variant="danger">Excluir</Button>
        <Button disabled>Encerrar</Button>
        <Button size="small">Pequeno</Button>
        <Button size="large" variant="primary">
          Entrar
        </Button>
      </Sample>
      <Sample name="IconButton">
        <IconButton label="Anexar" shortcut="$mod+Alt+KeyA">
          <Paperclip />
        </IconButton>
        <IconButton label="Fixar" pressed>
          <Pin />
        </IconButton>
        <IconButton label="Enviar" variant="primary">
          <Send />
        </IconButton>
        <IconButton label="Enviar" variant="secondary" size="small">
          <Send />
        </IconButton>
      </Sample>
    </>
  );
}

export function FormSamples() {
  const [search, setSearch] = useState("");
  const [team, setTeam] = useState<string>();
  const [person, setPerson] = useState<string | null>("billing");
  const [many, setMany] = useState<string[]>(["support", "sales"]);
  return (
    <SampleGroup title="Controles">
      <ButtonSamples />
      <div className="grid grid-cols-2 gap-4">
        <Field label="Nome" hint="Como aparece para o cliente">
          <Input defaultValue="Ana Beatriz" />
        </Field>
        <Field label="E-mail" error="Escreva um e-mail válido, por exemplo ana@provedor.com.br.">
          <Input defaultValue="ana@" />
        </Field>
        <Field label="Observação" required>
          <Textarea placeholder="Só os colegas veem" />
        </Field>
        <div className="flex flex-col gap-3">
          <SearchInput label="Buscar contatos" value={search} onChange={setSearch} />
          <Checkbox label="Mostrar encerradas" defaultChecked />
          <Checkbox label="Algumas escolhidas" checked="indeterminate" />
          <Switch label="Som ao chegar mensagem" hint="Só com a aba em segundo plano" />
        </div>
        <Field label="Equipe">
          <Select value={team} onChange={setTeam} options={TEAMS} placeholder="Escolha" />
        </Field>
        <Field label="Destino">
          <Combobox label="Buscar equipe" options={TEAMS} value={person} onChange={setPerson} />
        </Field>
        <Field label="Filtro">
          <Combobox
            multiple
            label="Buscar equipes"
            options={TEAMS}
            value={many}
            onChange={setMany}
          />
        </Field>
      </div>
    </SampleGroup>
  );
}
