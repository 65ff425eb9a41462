import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { disablePush, enablePush } from "@/shared/push/push";
import { Button } from "@/shared/ui/button";
import { ErrorState } from "@/shared/ui/feedback/states";
import { toast } from "@/shared/ui/feedback/toaster";
import { Switch } from "@/shared/ui/form/switch";

const devicesQuery = queryOptions({
  queryKey: ["push", "subscriptions"],
  queryFn: () => unwrap(api.GET("/push/subscriptions")),
});

async function removeDevice(id: string): Promise<void> {
  await api.DELETE("/push/subscriptions/{subscription_id}", {
    params: { path: { subscription_id: id } },
  });
}

/** Whether this browser gets push notifications, and which others do. */
export function PushDevices() {
  const { t } = useTranslation("profile");
  const format = useFormat();
  const queryClient = useQueryClient();
  const devices = useQuery(devicesQuery);
  const own = devices.data?.find((each) => each.current);
  const settled = {
    onSettled: () => queryClient.invalidateQueries(devicesQuery),
    onError: (error: Error) =>
      toast.error(t("push.failed"), { description: describeError(error, t) }),
  };
  const change = useMutation({
    mutationFn: async (on: boolean) => {
      if (on) return enablePush();
      await disablePush();
      if (own) await removeDevice(own.id);
      return null;
    },
    ...settled,
    onSuccess: (permission) => {
      if (permission === "denied") toast.error(t("push.denied"));
    },
  });
  const remove = useMutation({ mutationFn: removeDevice, ...settled });
  if (devices.isError) {
    return <ErrorState error={devices.error} onRetry={() => void devices.refetch()} />;
  }
  const others = devices.data?.filter((each) => !each.current) ?? [];
  const isDenied = Notification.permission === "denied";
  return (
    <>
      <Switch
        label={t("push.this_device")}
        hint={isDenied ? t("push.denied") : t("push.this_device_hint")}
        checked={Boolean(own)}
        disabled={isDenied || devices.isPending || change.isPending}
        onCheckedChange={(on) => change.mutate(on)}
      />
      {others.length > 0 && (
        <ul className="divide-y divide-divider rounded-control border border-divider">
          {others.map((each) => (
            <li key={each.id} className="flex items-center gap-3 px-3 py-2">
              <span className="min-w-0 flex-1">
                <span className="block truncate text-list">{each.device}</span>
                <span className="text-meta text-text-3">
                  {t("push.since", { time: format.date(each.created_at) })}
                </span>
              </span>
              <Button
                size="small"
                aria-label={t("push.remove_named", { name: each.device })}
                disabled={remove.isPending}
                onClick={() => remove.mutate(each.id)}
              >
                {t("push.remove")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
