/** What the server accepts, so that a file is refused before it is uploaded. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
export const MAX_FILES = 10;

export type FileProblem = "too_large" | "empty" | "too_many";

/** Splits files into those that can be sent and the problems of the others. */
export function checkFiles(
  files: readonly File[],
  already: number,
): { accepted: File[]; problems: { name: string; problem: FileProblem }[] } {
  const accepted: File[] = [];
  const problems: { name: string; problem: FileProblem }[] = [];
  for (const file of files) {
    if (file.size === 0) problems.push({ name: file.name, problem: "empty" });
    else if (file.size > MAX_FILE_BYTES) problems.push({ name: file.name, problem: "too_large" });
    else if (already + accepted.length >= MAX_FILES) {
      problems.push({ name: file.name, problem: "too_many" });
    } else accepted.push(file);
  }
  return { accepted, problems };
}
