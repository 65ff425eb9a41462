import { type RecordedStream, unpackStreams } from "./recorded-stream";

const files = import.meta.glob<{ default: unknown }>("./streams/*.json", { eager: true });

/** All recordings, one for each user who watched. */
export const recordedStreams: readonly RecordedStream[] = Object.entries(files).flatMap(
  ([path, file]) => unpackStreams(path.replace(/^.*\/|\.json$/g, ""), file.default),
);
