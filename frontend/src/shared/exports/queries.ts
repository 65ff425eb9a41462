import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, newIdempotencyKey, unwrap } from "../api/client";
import { ApiError } from "../api/problem";
import type { components } from "../api/schema.gen";
import { useLiveState } from "../live";
import { type BehindRequest, behindParameters } from "../metrics/report-queries";

type Schemas = components["schemas"];
export type ExportJob = Schemas["ReportExportResponse"];
export type ExportFormat = ExportJob["file_format"];

const EXPORTS = ["report-exports"];
const LISTED = 20;
const POLL_MS = 5_000;

/** True while the server works on the job, or will. */
export function isUnfinished({ state }: Pick<ExportJob, "state">): boolean {
  return state === "queued" || state === "running";
}

/** The user's newest export jobs. A lost frame is made up for by asking again while one is unfinished. */
export const exportsQuery = queryOptions({
  queryKey: EXPORTS,
  queryFn: async ({ signal }) =>
    (await unwrap(api.GET("/reports/exports", { params: { query: { limit: LISTED } }, signal })))
      .items,
  staleTime: 0,
  refetchInterval: ({ state }) => (state.data?.some(isUnfinished) ? POLL_MS : false),
});

/** The same with what frames have told since. */
export function useExports() {
  const query = useQuery(exportsQuery);
  const progress = useLiveState((state) => state.exportProgress);
  const jobs = query.data?.map((job) => {
    const told = progress.get(job.id);
    if (!told || !isUnfinished(job) || !isUnfinished(told)) return job;
    if (told.written < job.rows_written) return job;
    return {
      ...job,
      state: told.state,
      rows_written: told.written,
      rows_expected: told.expected,
    };
  });
  return { ...query, jobs };
}

/** Requests a file that is made in the background. */
export function useRequestExport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ behind, ...file }: ExportRequest) =>
      unwrap(
        api.POST("/reports/exports", {
          params: { header: { "Idempotency-Key": newIdempotencyKey() } },
          body: { ...toBody(behind), ...file },
        }),
      ),
    // The list is asked for, also where nobody looks at it: notices need to know of the job.
    onSettled: () => client.fetchQuery(exportsQuery).catch(() => undefined),
  });
}

interface ExportRequest {
  behind: BehindRequest;
  file_format: ExportFormat;
  language: "pt" | "en";
}

function toBody(
  behind: BehindRequest,
): Omit<Schemas["RequestExportRequest"], "language" | "file_format"> {
  const { metric, group_by, from, to, key, ...filters } = behindParameters(behind);
  return { metric, group_by, from, to, filters, ...(key === undefined ? {} : { key }) };
}

/** Cancels a job that is not finished; removes any other one. */
export function useRemoveExport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id }: ExportJob) =>
      unwrap(api.DELETE("/reports/exports/{export_id}", { params: { path: { export_id: id } } })),
    onSettled: () => client.invalidateQueries({ queryKey: EXPORTS }),
  });
}

/** Starts the download of a finished file. */
export const downloadExport =
  ({ id }: Pick<ExportJob, "id">) =>
  (signal: AbortSignal) =>
    api.GET("/reports/exports/{export_id}/file", {
      params: { path: { export_id: id } },
      parseAs: "stream",
      signal,
    });

/** The name that the browser gives the file, such as `atendimentos-2026-04-27.xlsx`. */
export function exportFileName(base: string, job: ExportJob): string {
  return `${base}-${job.created_at.slice(0, 10)}.${job.file_format}`;
}

/** True if the server refuses to stream so much, so that it has to be a job. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof ApiError && error.code === "export_too_large";
}
