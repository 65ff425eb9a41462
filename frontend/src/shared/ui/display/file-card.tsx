import { FileText, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useFormat } from "@/shared/format/use-format";
import { IconButton } from "../icon-button";

export interface FileCardProps {
  name: string;
  size: number;
  /** A file of this computer, shown if it is a picture. */
  file?: File | undefined;
  /** The address of a picture that the server has. */
  preview?: string | undefined;
  removeLabel: string;
  onRemove: () => void;
}

/** A file that will be sent, as an item of a list. */
export function FileCard({ name, size, file, preview, removeLabel, onRemove }: FileCardProps) {
  const format = useFormat();
  const local = useLocalPicture(file);
  const picture = local ?? preview;
  return (
    <li className="flex w-56 max-w-full items-center gap-2 rounded-control bg-hover p-1.5">
      {picture ? (
        <img src={picture} alt="" className="size-10 rounded-control object-cover" />
      ) : (
        <FileText className="size-6 shrink-0 text-accent" aria-hidden />
      )}
      <span className="min-w-0 flex-1">
        <bdi className="block truncate text-list">{name}</bdi>
        <span className="text-meta text-text-3">{format.fileSize(size)}</span>
      </span>
      <IconButton size="small" label={removeLabel} onClick={onRemove}>
        <X />
      </IconButton>
    </li>
  );
}

function useLocalPicture(file: File | undefined): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!file || !/^image\/(png|jpeg|webp|gif)$/.test(file.type)) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  return url;
}
