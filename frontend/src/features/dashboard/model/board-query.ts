import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";

type Schemas = components["schemas"];
export type BoardNow = Schemas["DashboardResponse"];
export type AgentNow = Schemas["AgentNowResponse"];
export type ChannelNow = Schemas["ChannelNowResponse"];

/** What happens now. `useLiveBoard` asks again when the stream says that something has changed. */
export const boardQuery = queryOptions({
  queryKey: ["reports", "now"],
  queryFn: ({ signal }) => unwrap(api.GET("/reports/now", { signal })),
});
