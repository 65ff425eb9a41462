import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";

export const labelsQuery = queryOptions({
  queryKey: ["labels"],
  queryFn: () => unwrap(api.GET("/labels")),
});

const NO_LABELS: { name: string; conversations: number; contacts: number }[] = [];

/** The labels in use, alphabetically. */
export const useLabels = () => useQuery(labelsQuery).data ?? NO_LABELS;
