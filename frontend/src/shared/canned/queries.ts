import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, newIdempotencyKey, unwrap } from "@/shared/api/client";
import type { components } from "@/shared/api/schema.gen";
import type { UploadedFile } from "@/shared/live";

export type CannedResponse = components["schemas"]["CannedResponseResponse"];
export type CannedContent = components["schemas"]["PutCannedResponseRequest"];
export type CannedScope = CannedResponse["scope"];

const KEY = ["canned-responses"];

/** What the user can insert into a message, by shortcut. */
export const cannedResponsesQuery = queryOptions({
  queryKey: [...KEY, "usable"],
  queryFn: () => unwrap(api.GET("/canned-responses")),
  staleTime: 60_000,
});

/** What the user can see, with those of other teams if the user may change them. */
export const allCannedResponsesQuery = queryOptions({
  queryKey: [...KEY, "all"],
  queryFn: () => unwrap(api.GET("/canned-responses", { params: { query: { all_teams: true } } })),
});

/** A signed address of a file, for its preview. It lives for some minutes. */
export function cannedFileQuery(responseId: string, fileId: string) {
  return queryOptions({
    queryKey: ["canned-file", responseId, fileId],
    queryFn: () =>
      unwrap(
        api.GET("/canned-responses/{response_id}/files/{file_id}", {
          params: { path: { response_id: responseId, file_id: fileId } },
        }),
      ),
    staleTime: 60_000,
  });
}

export const fetchCannedResponse = (id: string) =>
  unwrap(api.GET("/canned-responses/{response_id}", { params: { path: { response_id: id } } }));

type UploadAnswer = components["schemas"]["UploadedFileResponse"];

export function toUploadedFile({ id, filename, mimetype, size }: UploadAnswer): UploadedFile {
  return { id, name: filename, type: mimetype, size };
}

/** Uploads a file for a canned response. Throws `ApiError`. */
export async function uploadCannedFile(file: File): Promise<UploadedFile> {
  const form = new FormData();
  form.append("file", file);
  const answer = await unwrap(
    api.POST("/files", { body: { file: "" }, bodySerializer: () => form }),
  );
  return toUploadedFile(answer);
}

interface Version {
  id: string;
  version: number;
}

const toVersion = ({ id, version }: Version) => ({
  path: { response_id: id },
  header: { "if-match": `"${version}"` },
});

/** Creates a response, or with `base` replaces that version of it. Fails with 412 if it is old. */
export function useSaveCanned() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ content, base }: { content: CannedContent; base: Version | null }) =>
      base
        ? unwrap(
            api.PUT("/canned-responses/{response_id}", { params: toVersion(base), body: content }),
          )
        : unwrap(
            api.POST("/canned-responses", {
              params: { header: { "Idempotency-Key": newIdempotencyKey() } },
              body: content,
            }),
          ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}

/** Deletes this version of a response. */
export function useDeleteCanned() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (base: Version) =>
      api.DELETE("/canned-responses/{response_id}", { params: toVersion(base) }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: KEY }),
  });
}
