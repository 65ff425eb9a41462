import { useTranslation } from "@/shared/i18n/use-translation";
import type { UploadedFile } from "@/shared/live";
import { FileCard } from "@/shared/ui/display/file-card";

interface FileStripProps {
  files: readonly File[];
  canned: readonly UploadedFile[];
  onRemove: (index: number) => void;
  onRemoveCanned: (id: string) => void;
}

/** What will be sent with the text. */
export function FileStrip({ files, canned, onRemove, onRemoveCanned }: FileStripProps) {
  const { t } = useTranslation("composer");
  if (files.length + canned.length === 0) return null;
  const removeLabel = (name: string) => t("files.remove", { name });
  return (
    <ul className="flex flex-wrap gap-2 px-3 pt-2" aria-label={t("files.label")}>
      {files.map((file, index) => (
        <FileCard
          key={`${file.name}-${file.size}-${file.lastModified}`}
          file={file}
          name={file.name}
          size={file.size}
          removeLabel={removeLabel(file.name)}
          onRemove={() => onRemove(index)}
        />
      ))}
      {canned.map((file) => (
        <FileCard
          key={file.id}
          name={file.name}
          size={file.size}
          removeLabel={removeLabel(file.name)}
          onRemove={() => onRemoveCanned(file.id)}
        />
      ))}
    </ul>
  );
}
