import { useQuery } from "@tanstack/react-query";
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleOff,
  CirclePause,
  Pause,
  Play,
} from "lucide-react";
import { describeError } from "@/shared/api/describe-error";
import { formatDuration } from "@/shared/format/durations";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Chip, type ChipProps } from "@/shared/ui/display/chip";
import { Banner } from "@/shared/ui/feedback/banner";
import { Progress } from "@/shared/ui/feedback/progress";
import { SkeletonRows } from "@/shared/ui/feedback/skeleton";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { type MirrorStatus, mirrorStatusQuery, usePauseMirror } from "../model/queries";
import { Panel } from "./panel";
import { RefusedRows } from "./refused-rows";

type State = MirrorStatus["state"];

const LOOKS: Record<State, { tone: ChipProps["tone"]; Icon: typeof CircleCheck }> = {
  active: { tone: "ok", Icon: CircleCheck },
  waiting: { tone: "neutral", Icon: CircleDashed },
  paused: { tone: "warn", Icon: CirclePause },
  failing: { tone: "danger", Icon: CircleAlert },
  off: { tone: "neutral", Icon: CircleOff },
};

export function MirrorStatusPanel({ mayWrite }: { mayWrite: boolean }) {
  const { t } = useTranslation("supabase");
  const { data, error, refetch } = useQuery(mirrorStatusQuery);
  return (
    <Panel
      title={t("status.title")}
      actions={mayWrite && data && <PauseButton state={data.state} />}
    >
      {error && !data && (
        <ErrorState error={error} title={t("status.failed")} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows count={1} height={40} label={t("status.loading")} />}
      {data && <StatusDetails status={data} />}
    </Panel>
  );
}

function PauseButton({ state }: { state: State }) {
  const { t } = useTranslation("supabase");
  const pause = usePauseMirror();
  if (state === "off") return null;
  const isPaused = state === "paused";
  const Icon = isPaused ? Play : Pause;
  const toggle = () =>
    pause.mutate(!isPaused, {
      onError: (error) =>
        toast.error(t("status.not_changed"), { description: describeError(error, t) }),
    });
  return (
    <Button disabled={pause.isPending} onClick={toggle}>
      <Icon aria-hidden className="size-4" />
      {t(isPaused ? "status.resume" : "status.pause")}
    </Button>
  );
}

function StatusDetails({ status }: { status: MirrorStatus }) {
  const { t } = useTranslation("supabase");
  const { tone, Icon } = LOOKS[status.state];
  return (
    <>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-list">
        <span role="status">
          <Chip tone={tone ?? "neutral"} icon={<Icon aria-hidden />}>
            {t(`states.${status.state}`)}
          </Chip>
        </span>
        <span className="text-text-2">{t(`state_texts.${status.state}`)}</span>
      </p>
      {status.failure && <Failure failure={status.failure} />}
      {status.state !== "off" && status.state !== "waiting" && <Numbers status={status} />}
      {status.backfill.running && <Backfill backfill={status.backfill} />}
      {status.dead_letters.length > 0 && <RefusedRows groups={status.dead_letters} />}
    </>
  );
}

function Failure({ failure }: { failure: NonNullable<MirrorStatus["failure"]> }) {
  const { t } = useTranslation("supabase");
  const format = useFormat();
  return (
    <Banner live tone="danger" className="rounded-control py-2">
      <p>{t(`failures.${failure.code}`, { defaultValue: failure.detail })}</p>
      <p className="text-meta">
        {t("status.failing_since", { time: format.dateTime(failure.since) })}
      </p>
    </Banner>
  );
}

function Numbers({ status }: { status: MirrorStatus }) {
  const { t } = useTranslation("supabase");
  const format = useFormat();
  const items = {
    lag: status.lag_s < 1 ? t("status.no_lag") : formatDuration(status.lag_s * 1000),
    mirrored_at: status.mirrored_at ? format.dateTime(status.mirrored_at) : t("status.never"),
    rows_sent: format.number(status.rows_sent),
  };
  return (
    <dl className="grid gap-x-6 gap-y-2 sm:grid-cols-3">
      {Object.entries(items).map(([name, value]) => (
        <div key={name}>
          <dt className="text-meta text-text-3">{t(`status.${name}`)}</dt>
          <dd className="text-list">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Backfill({ backfill }: { backfill: MirrorStatus["backfill"] }) {
  const { t } = useTranslation("supabase");
  const format = useFormat();
  const { done, total } = backfill;
  const text = t("status.backfill", { done: format.number(done), total: format.number(total) });
  return (
    <div className="flex flex-col gap-1">
      <Progress value={total > 0 ? done / total : null} label={t("status.backfill_label")} />
      <p className="text-meta text-text-3">{text}</p>
    </div>
  );
}
