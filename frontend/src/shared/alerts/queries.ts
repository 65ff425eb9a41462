import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import { useLiveState } from "@/shared/live";

type Schemas = components["schemas"];
export type AlertRule = Schemas["AlertRuleResponse"];
export type AlertRuleContent = Schemas["PutAlertRuleRequest"];
export type AlertKind = AlertRule["kind"];
export type Alert = Schemas["AlertResponse"];

const ALERTS = ["alerts"];
const RULES = ["alert-rules"];
const PAGE = 30;

export const alertRulesQuery = queryOptions({
  queryKey: RULES,
  queryFn: ({ signal }) => unwrap(api.GET("/alert-rules", { signal })),
});

/** The alerts that last. */
export const lastingAlertsQuery = queryOptions({
  queryKey: [...ALERTS, "lasting"],
  queryFn: async ({ signal }) => {
    const query = { lasting: true, limit: 200 };
    return (await unwrap(api.GET("/alerts", { params: { query }, signal }))).items;
  },
});

/** All alerts, latest first. */
export const alertsQuery = infiniteQueryOptions({
  queryKey: [...ALERTS, "all"],
  queryFn: ({ pageParam, signal }) => {
    const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) };
    return unwrap(api.GET("/alerts", { params: { query }, signal }));
  },
  initialPageParam: "",
  getNextPageParam: (page) => page.next_cursor,
});

/** Asks for alerts and rules again when the live stream says that an alert has begun or ended. */
export function useAlertRefresh(): void {
  const client = useQueryClient();
  const changes = useLiveState((state) => state.alertsChanged);
  const epoch = useLiveState((state) => state.epoch);
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each of them means that something changed
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else
      for (const queryKey of [ALERTS, RULES]) {
        void client.invalidateQueries({ queryKey });
      }
  }, [changes, epoch, client]);
}

interface Version {
  id: string;
  version: number;
}

const toVersion = ({ id, version }: Version) => ({
  path: { rule_id: id },
  header: { "if-match": `"${version}"` },
});

/** Creates a rule, or with `base` replaces that version of it. Fails with 412 if it is old. */
export function useSaveAlertRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ content, base }: { content: AlertRuleContent; base: Version | null }) =>
      base
        ? unwrap(api.PUT("/alert-rules/{rule_id}", { params: toVersion(base), body: content }))
        : unwrap(
            api.POST("/alert-rules", {
              params: { header: { "Idempotency-Key": newIdempotencyKey() } },
              body: content,
            }),
          ),
    onSuccess: () => client.invalidateQueries({ queryKey: RULES }),
  });
}

/** Deletes this version of a rule. */
export function useDeleteAlertRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (base: Version) =>
      unwrap(api.DELETE("/alert-rules/{rule_id}", { params: toVersion(base) })),
    onSettled: async () => {
      for (const queryKey of [RULES, ALERTS]) await client.invalidateQueries({ queryKey });
    },
  });
}
