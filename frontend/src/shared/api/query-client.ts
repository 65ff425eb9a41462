import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./problem";

const MAX_RETRIES = 3;

/** For slow resources: settings, people, the ERP. Conversations and messages live in `shared/live`. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) =>
          error instanceof ApiError && error.isUncertain && failures < MAX_RETRIES,
      },
      mutations: { retry: false },
    },
  });
}
