import { CircleX, Wrench } from "lucide-react";
import type { components } from "@/shared/api/schema.gen";
import { formatNumber } from "@/shared/format/numbers";
import { formatSeconds } from "@/shared/format/turn-figures";
import { useTranslation } from "@/shared/i18n/use-translation";
import { cn } from "./class-names";

type Turn = components["schemas"]["TurnResponse"];
type ToolCall = components["schemas"]["ToolCallResponse"];

/** What the assistant asked in a turn, what it was told, and what that took. */
export function TurnDetails({ turn }: { turn: Turn }) {
  const { t, language } = useTranslation("shared");
  return (
    <>
      {turn.tool_calls.map((call, index) => (
        <Call key={`${call.tool}-${index}`} call={call} />
      ))}
      <p className="text-meta text-text-3">
        {t("turn.model", {
          model: turn.model,
          tokensIn: formatNumber(turn.tokens_in, language),
          tokensOut: formatNumber(turn.tokens_out, language),
          cached: Math.round(turn.cached_share * 100),
        })}
      </p>
    </>
  );
}

function Call({ call }: { call: ToolCall }) {
  const { t, language } = useTranslation("shared");
  const Icon = call.ok ? Wrench : CircleX;
  return (
    <details className="mb-1">
      <summary className="flex cursor-pointer items-center gap-2">
        <Icon
          className={cn("size-3.5 shrink-0", call.ok ? "text-ai" : "text-danger")}
          aria-hidden
        />
        <span className="flex-1 truncate">
          {t(`tools.${call.tool}`, { defaultValue: call.tool.replaceAll("_", " ") })}
        </span>
        <span className="text-meta text-text-3">
          {call.duration_s !== null ? formatSeconds(call.duration_s, language) : ""}
        </span>
      </summary>
      <dl className="mt-1 grid grid-cols-[auto_1fr] gap-x-2 rounded-control bg-page p-2 text-meta">
        <Values title={t("turn.asked")} values={call.arguments} />
        <Values
          title={call.error ? t("turn.error", { code: call.error }) : t("turn.answered")}
          values={call.result}
        />
      </dl>
    </details>
  );
}

function Values({ title, values }: { title: string; values: Record<string, unknown> }) {
  const entries = Object.entries(values);
  return (
    <>
      <dt className="col-span-2 font-medium text-text-2">{title}</dt>
      {entries.length === 0 && <dd className="col-span-2 text-text-3">—</dd>}
      {entries.map(([name, value]) => (
        <div key={name} className="col-span-2 grid grid-cols-subgrid">
          <dt className="text-text-3">{name}</dt>
          <dd className="[overflow-wrap:anywhere]">{describeValue(value)}</dd>
        </div>
      ))}
    </>
  );
}

function describeValue(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
