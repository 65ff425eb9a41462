import { useQuery } from "@tanstack/react-query";
import { Paperclip } from "lucide-react";
import { useRef, useState } from "react";
import { useController } from "react-hook-form";
import { describeError } from "@/shared/api/describe-error";
import { cannedFileQuery, uploadCannedFile } from "@/shared/canned/queries";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { UploadedFile } from "@/shared/live";
import { Button } from "@/shared/ui/button";
import { FileCard } from "@/shared/ui/display/file-card";
import { Spinner } from "@/shared/ui/feedback/progress";
import { toast } from "@/shared/ui/feedback/toaster";
import { type CannedValues, MAX_FILE_BYTES, MAX_FILES } from "../model/canned-form";

interface FilesFieldProps {
  responseId: string | null;
  error: string | undefined;
  onUploading: (isUploading: boolean) => void;
}

/** The files that are sent with the text. They are uploaded when they are chosen. */
export function FilesField({ responseId, error, onUploading }: FilesFieldProps) {
  const { t } = useTranslation("canned");
  const { field } = useController<CannedValues, "files">({ name: "files" });
  const input = useRef<HTMLInputElement>(null);
  // Shown from this computer: only a saved response has an address for its files.
  const [local, setLocal] = useState<ReadonlyMap<string, File>>(new Map());
  const [uploading, setUploading] = useState(0);
  const add = async (chosen: readonly File[]) => {
    const room = MAX_FILES - field.value.length;
    const accepted = chosen.filter((file) => isFit(file)).slice(0, room);
    for (const { name } of chosen.filter((file) => !isFit(file))) {
      toast.error(t("files.unfit", { name }));
    }
    if (chosen.filter(isFit).length > room) toast.error(t("problems.too_many_files"));
    setUploading(accepted.length);
    onUploading(true);
    let files = field.value;
    for (const file of accepted) {
      try {
        const uploaded = await uploadCannedFile(file);
        setLocal((old) => new Map(old).set(uploaded.id, file));
        files = [...files, uploaded];
        field.onChange(files);
      } catch (reason) {
        const description = describeError(reason, t);
        toast.error(t("files.failed", { name: file.name }), { description });
      }
      setUploading((count) => count - 1);
    }
    onUploading(false);
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="pb-1 font-medium text-list">{t("files.label")}</legend>
      {field.value.length > 0 && (
        <ul className="flex flex-wrap gap-2">
          {field.value.map((each) => (
            <CannedFileCard
              key={each.id}
              responseId={responseId}
              file={each}
              local={local.get(each.id)}
              onRemove={() => field.onChange(field.value.filter(({ id }) => id !== each.id))}
            />
          ))}
        </ul>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          size="small"
          disabled={uploading > 0 || field.value.length >= MAX_FILES}
          onClick={() => input.current?.click()}
        >
          <Paperclip aria-hidden className="size-3.5" />
          {t("files.add")}
        </Button>
        {uploading > 0 && <Spinner label={t("files.uploading")} />}
        <span className="text-meta text-text-3">{t("files.hint")}</span>
      </div>
      {error && (
        <p role="alert" className="text-danger text-meta">
          {error}
        </p>
      )}
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t("files.add")}
        onChange={(event) => {
          const chosen = [...(event.target.files ?? [])];
          event.target.value = "";
          if (chosen.length > 0) void add(chosen);
        }}
      />
    </fieldset>
  );
}

const isFit = (file: File) => file.size > 0 && file.size <= MAX_FILE_BYTES;
const isPicture = (type: string) => /^image\/(png|jpeg|webp|gif)$/.test(type);

interface CannedFileCardProps {
  responseId: string | null;
  file: UploadedFile;
  local: File | undefined;
  onRemove: () => void;
}

function CannedFileCard({ responseId, file, local, onRemove }: CannedFileCardProps) {
  const { t } = useTranslation("canned");
  const { data } = useQuery({
    ...cannedFileQuery(responseId ?? "", file.id),
    enabled: responseId !== null && !local && isPicture(file.type),
  });
  return (
    <FileCard
      name={file.name}
      size={file.size}
      file={local}
      preview={data?.url}
      removeLabel={t("files.remove", { name: file.name })}
      onRemove={onRemove}
    />
  );
}
