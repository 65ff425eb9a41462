import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FileAudio, FileText, FileVideo, ImageOff } from "lucide-react";
import { describeError } from "@/shared/api/describe-error";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { toast } from "@/shared/ui/feedback/toaster";
import { type ContactFile, signedFileQuery } from "../queries";

/** A picture; a click opens it in a tab of its own, from its signed address. */
export function Thumbnail({ item }: { item: ContactFile }) {
  const { t } = useTranslation("contact");
  const format = useFormat();
  const { data, isError } = useQuery(signedFileQuery(item));
  const name = t("files.picture", { date: format.date(item.sent_at) });
  const frame = "flex aspect-square w-full items-center justify-center rounded-control bg-hover";
  if (!data) {
    return (
      <span role="img" aria-label={isError ? t("files.unavailable") : name} className={frame}>
        {isError && <ImageOff aria-hidden className="size-4 text-text-3" />}
      </span>
    );
  }
  return (
    <a
      href={data.url}
      target="_blank"
      rel="noopener noreferrer"
      title={name}
      className="block overflow-hidden rounded-control"
    >
      <img
        src={data.url}
        alt={name}
        loading="lazy"
        decoding="async"
        className={`${frame} object-cover`}
      />
    </a>
  );
}

function iconOf(mimetype: string) {
  if (mimetype.startsWith("audio/")) return FileAudio;
  return mimetype.startsWith("video/") ? FileVideo : FileText;
}

/** A file by its name. Its signed address is asked for by the click. */
export function FileName({ item }: { item: ContactFile }) {
  const { t } = useTranslation("contact");
  const format = useFormat();
  const queries = useQueryClient();
  const Icon = iconOf(item.file.mimetype);
  const isKept = item.file.status === "kept";
  const open = async () => {
    // A tab that is opened after waiting for the address would be blocked as a pop-up.
    const tab = window.open("", "_blank");
    if (tab) tab.opener = null;
    try {
      const { url } = await queries.fetchQuery(signedFileQuery(item));
      if (tab) tab.location.replace(url);
      else window.location.assign(url);
    } catch (error) {
      tab?.close();
      toast.error(t("files.open_failed"), { description: describeError(error, t) });
    }
  };
  const details = [
    format.date(item.sent_at),
    item.file.size !== null && format.fileSize(item.file.size),
    !isKept && t(item.file.status === "wanted" ? "files.wanted" : "files.missing"),
  ];
  return (
    <button
      type="button"
      disabled={!isKept}
      onClick={() => void open()}
      className="focus-inset flex min-h-11 w-full items-center gap-2 rounded-control px-2 text-left enabled:hover:bg-hover"
    >
      <Icon aria-hidden className="size-5 shrink-0 text-text-3" />
      <span className="min-w-0 flex-1">
        <bdi className="block truncate text-list">{item.file.filename || t("files.unnamed")}</bdi>
        <span className="block text-meta text-text-3">{details.filter(Boolean).join(" · ")}</span>
      </span>
    </button>
  );
}
