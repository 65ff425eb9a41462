import type { ReactNode } from "react";
import { useTeamName } from "@/shared/api/colleagues";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { StatusPill } from "@/shared/ui/display/status-pill";
import { TurnDetails } from "@/shared/ui/turn-details";
import { useFieldValue } from "../field-value";
import type { Moment } from "../queries";

/** The state after the event, what the event changed, and the work that it started. */
export function MomentState({ moment }: { moment: Moment }) {
  const { t } = useTranslation("history");
  return (
    <section
      aria-label={t("state.title")}
      className="min-h-0 space-y-4 border-divider p-4 max-md:border-t md:overflow-y-auto md:border-l"
    >
      <StateList state={moment.state} />
      <Changes moment={moment} />
      {moment.effects.length > 0 && (
        <Part title={t("effects.title")}>
          <ul className="list-disc pl-4 text-list">
            {moment.effects.map((effect, index) => (
              <li key={`${effect.code}-${index}`}>
                {t([`effects.${effect.code}`, "effects.other"], {
                  ...effect.details,
                  code: effect.code,
                })}
              </li>
            ))}
          </ul>
        </Part>
      )}
      {moment.turn && (
        <Part title={t("turn.title")}>
          <p className="text-list">{t(`turn.${moment.turn.status}`, { code: moment.turn.code })}</p>
          <TurnDetails turn={moment.turn} />
          {moment.turn.refused?.map((each, index) => (
            <p key={`${each.code}-${index}`} className="mt-1 text-danger text-meta">
              {t("turn.refused", { sentence: each.sentence, code: each.code })}
            </p>
          ))}
        </Part>
      )}
    </section>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <h3 className="mb-1 font-semibold text-list">{title}</h3>
      {children}
    </div>
  );
}

function StateList({ state }: { state: Moment["state"] }) {
  const { t } = useTranslation("history");
  const format = useFormat();
  const team = useTeamName(state.team) ?? "—";
  const rows: [string, ReactNode][] = [
    ["status", <StatusPill key="status" status={state.status} />],
    ["holder", t(`holders.${state.holder}`)],
    ["agent", state.agent_name ?? "—"],
    ["team", team],
    ["priority", t(`shared:priority.${state.priority}`)],
    ["labels", state.labels.join(", ") || "—"],
    ["unanswered", state.unanswered],
  ];
  if (state.snoozed_until) rows.push(["snoozed_until", format.dateTime(state.snoozed_until)]);
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-3 gap-y-1 text-list">
      {rows.map(([name, value]) => (
        <div key={name} className="col-span-2 grid grid-cols-subgrid">
          <dt className="text-text-3">{t(`state.${name}`)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Changes({ moment }: { moment: Moment }) {
  const { t } = useTranslation("history");
  const describe = useFieldValue();
  const { changes } = moment.event;
  if (changes.length === 0) return null;
  return (
    <Part title={t("changes")}>
      <ul className="text-list">
        {changes.map((each) => (
          <li key={each.field} className="[overflow-wrap:anywhere]">
            <span className="text-text-3">
              {t([`state.${each.field}`, "state.other"], { field: each.field })}:
            </span>{" "}
            <s className="text-text-3">{describe(each.field, each.before)}</s> →{" "}
            {describe(each.field, each.after)}
          </li>
        ))}
      </ul>
    </Part>
  );
}
