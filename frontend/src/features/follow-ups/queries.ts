import {
  infiniteQueryOptions,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import type { DownloadRequest } from "@/shared/metrics/download";

type Schemas = components["schemas"];
export type FollowUpReport = Schemas["FollowUpReportResponse"];
export type FollowUpRow = Schemas["FollowUpConversationResponse"];
type SentRule = Required<Schemas["FollowUpConfig"]>;
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";
/** The document of the API tells how days are stored, not how they are written. */
export type FollowUpRule = Omit<SentRule, "days"> & { days: Weekday[] };
export type OptOut = Schemas["OptOutResponse"];
export type FunnelStep = Schemas["FollowUpFunnelStep"];

const OPT_OUTS = ["opt-outs"];
const RULE = ["follow-ups", "rule"];

export interface Period {
  from: string;
  to: string;
}

/** Which conversations behind a figure are listed. */
export interface Behind {
  step: FunnelStep;
  reason?: Schemas["StopReason"];
  attempt?: number;
}

export function reportQuery(period: Period) {
  return queryOptions({
    queryKey: ["follow-ups", "report", period],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/reports/follow-ups", { params: { query: { ...period } }, signal })),
  });
}

export function behindQuery(period: Period, behind: Behind) {
  const query = { ...period, ...behind };
  return infiniteQueryOptions({
    queryKey: ["follow-ups", "behind", query],
    queryFn: ({ pageParam, signal }) => {
      const page = pageParam === null ? {} : { cursor: pageParam };
      return unwrap(
        api.GET("/reports/follow-ups/conversations", {
          params: { query: { ...query, ...page } },
          signal,
        }),
      );
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
}

/** The latest opt-out first. */
export const optOutsQuery = infiniteQueryOptions({
  queryKey: OPT_OUTS,
  queryFn: ({ pageParam, signal }) => {
    const page = pageParam === null ? {} : { cursor: pageParam };
    return unwrap(api.GET("/opt-outs", { params: { query: { limit: 20, ...page } }, signal }));
  },
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor ?? null,
});

/** All opt-outs as CSV. */
export const requestOptOutFile: DownloadRequest = (signal) =>
  api.GET("/opt-outs/export", { parseAs: "stream", signal });

export function useUndoOptOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (contactId: string) =>
      unwrap(api.DELETE("/opt-outs/{contact_id}", { params: { path: { contact_id: contactId } } })),
    onSettled: () => client.invalidateQueries({ queryKey: OPT_OUTS }),
  });
}

/** The rule in force, and the version of the settings that it is a part of. */
export interface RuleVersion {
  rule: FollowUpRule;
  etag: string;
}

export const ruleQuery = queryOptions({
  queryKey: RULE,
  queryFn: async ({ signal }): Promise<RuleVersion> => {
    const answer = await api.GET("/settings", { signal });
    const settings = await unwrap(Promise.resolve(answer));
    return {
      rule: settings.policy.follow_ups as FollowUpRule,
      etag: answer.response.headers.get("etag") ?? "",
    };
  },
});

/** Changes the rule. Fails with 412 if somebody has changed the settings since they were read. */
export function useSaveRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ rule, etag }: RuleVersion) =>
      unwrap(
        api.PATCH("/settings", {
          params: { header: { "if-match": etag } },
          body: { policy: { follow_ups: rule as unknown as SentRule } },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: RULE }),
  });
}
