import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type SlaPolicy = Schemas["SlaPolicyResponse"];
export type SlaPolicyContent = Schemas["PutSlaPolicyRequest"];

const POLICIES = ["sla-policies"];

/** In the order in which they are tried. */
export const slaPoliciesQuery = queryOptions({
  queryKey: POLICIES,
  queryFn: ({ signal }) => unwrap(api.GET("/sla-policies", { signal })),
});

interface Version {
  id: string;
  version: number;
}

const toVersion = ({ id, version }: Version) => ({
  path: { policy_id: id },
  header: { "if-match": `"${version}"` },
});

/** Creates a policy, or with `base` replaces that version of it. Fails with 412 if it is old. */
export function useSaveSlaPolicy() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ content, base }: { content: SlaPolicyContent; base: Version | null }) =>
      base
        ? unwrap(api.PUT("/sla-policies/{policy_id}", { params: toVersion(base), body: content }))
        : unwrap(
            api.POST("/sla-policies", {
              params: { header: { "Idempotency-Key": newIdempotencyKey() } },
              body: content,
            }),
          ),
    onSuccess: () => client.invalidateQueries({ queryKey: POLICIES }),
  });
}

/** Deletes this version of a policy. */
export function useDeleteSlaPolicy() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (base: Version) =>
      unwrap(api.DELETE("/sla-policies/{policy_id}", { params: toVersion(base) })),
    onSettled: () => client.invalidateQueries({ queryKey: POLICIES }),
  });
}
