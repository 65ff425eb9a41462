import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CirclePause, Hourglass, Pencil, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import { useTeams } from "@/shared/api/colleagues";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { formatDuration } from "@/shared/format/durations";
import { useTranslation } from "@/shared/i18n/use-translation";
import { type SlaPolicy, slaPoliciesQuery, useDeleteSlaPolicy } from "@/shared/sla/queries";
import { Chip } from "@/shared/ui/display/chip";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { EmptyState, ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { IconButton } from "@/shared/ui/icon-button";
import { ConfirmDialog } from "@/shared/ui/overlay/confirm-dialog";

/** Opens the editor, for a new policy with `null`; missing if the user may only read. */
type OnEdit = ((policy: SlaPolicy | null) => void) | undefined;

export function PolicyList({ onEdit }: { onEdit: OnEdit }) {
  const { t } = useTranslation("sla");
  const id = useId();
  const { data, error, refetch } = useQuery(slaPoliciesQuery);
  const [doomed, setDoomed] = useState<SlaPolicy | null>(null);
  const remove = useDeleteSlaPolicy();
  const confirm = () => {
    if (!doomed) return;
    remove.mutate(doomed, {
      onSuccess: () => toast.done(t("delete.done", { name: doomed.name })),
      onError: (reason) => {
        const isStale = reason instanceof ApiError && reason.status === 412;
        const description = isStale ? t("conflict.text") : describeError(reason, t);
        toast.error(t("delete.failed"), { description });
      },
    });
  };
  return (
    <section
      aria-labelledby={id}
      className="rounded-bubble border border-divider bg-page px-4 py-3"
    >
      <h2 id={id} className="pb-1 font-semibold text-body">
        {t("policies.title")}
      </h2>
      {error && !data && (
        <ErrorState error={error} title={t("failed")} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows count={3} height={56} label={t("loading")} />}
      {data?.length === 0 && (
        <EmptyState icon={<Hourglass />} title={t("policies.none")}>
          {t("policies.none_text")}
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <ol className="divide-y divide-divider">
          {data.map((policy) => (
            <PolicyRow
              key={policy.id}
              policy={policy}
              onEdit={onEdit}
              onDelete={() => setDoomed(policy)}
            />
          ))}
        </ol>
      )}
      <ConfirmDialog
        open={doomed !== null}
        onOpenChange={(open) => !open && setDoomed(null)}
        title={t("delete.title", { name: doomed?.name })}
        description={t("delete.text")}
        confirmLabel={t("shared:actions.delete")}
        danger
        onConfirm={confirm}
      />
    </section>
  );
}

interface PolicyRowProps {
  policy: SlaPolicy;
  onEdit: OnEdit;
  onDelete: () => void;
}

function PolicyRow({ policy, onEdit, onDelete }: PolicyRowProps) {
  const { t } = useTranslation("sla");
  return (
    <li className="flex items-start gap-3 py-3">
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="min-w-0 break-words font-medium">{policy.name}</span>
          {policy.enabled ? (
            <Chip tone="ok" icon={<CircleCheck aria-hidden />}>
              {t("state.enabled")}
            </Chip>
          ) : (
            <Chip icon={<CirclePause aria-hidden />}>{t("state.disabled")}</Chip>
          )}
        </p>
        <Promises policy={policy} />
        <Conditions policy={policy} />
      </div>
      {onEdit && (
        <div className="flex shrink-0">
          <IconButton label={t("edit", { name: policy.name })} onClick={() => onEdit(policy)}>
            <Pencil />
          </IconButton>
          <IconButton label={t("delete.label", { name: policy.name })} onClick={onDelete}>
            <Trash2 />
          </IconButton>
        </div>
      )}
    </li>
  );
}

function Promises({ policy }: { policy: SlaPolicy }) {
  const { t } = useTranslation("sla");
  const times = {
    first_answer: policy.first_answer_s,
    next_answer: policy.next_answer_s,
    resolution: policy.resolution_s,
  };
  const parts = Object.entries(times).flatMap(([target, seconds]) =>
    seconds === null
      ? []
      : [`${t(`shared:sla.targets.${target}`)}: ${formatDuration(seconds * 1000)}`],
  );
  const hours = t(policy.business_hours ? "policies.business_hours" : "policies.always");
  return <p className="text-list text-text-2">{[...parts, hours].join(" · ")}</p>;
}

/** For which conversations the policy is. */
function Conditions({ policy }: { policy: SlaPolicy }) {
  const { t } = useTranslation("sla");
  const teams = useTeams();
  const parts = [
    ...policy.teams.map((slug) => teams.find((each) => each.slug === slug)?.name ?? slug),
    ...policy.priorities.map((each) =>
      t("policies.priority", { name: t(`shared:priority.${each}`) }),
    ),
    ...policy.labels,
  ];
  return (
    <p className="text-meta text-text-3">
      {t("policies.order", { position: policy.position })} ·{" "}
      {parts.length > 0 ? parts.join(", ") : t("policies.all")}
    </p>
  );
}
