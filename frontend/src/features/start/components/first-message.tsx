import { Paperclip, X } from "lucide-react";
import { type ChangeEvent, useRef } from "react";
import { useFormat } from "@/shared/format/use-format";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { Field } from "@/shared/ui/form/field";
import { Textarea } from "@/shared/ui/form/input";
import { IconButton } from "@/shared/ui/icon-button";
import { MAX_FILE_BYTES, MAX_TEXT } from "../model/start";

interface FirstMessageProps {
  text: string;
  file: File | null;
  onText: (text: string) => void;
  onFile: (file: File | null) => void;
  onSend: () => void;
}

export function FirstMessage({ text, file, onText, onFile, onSend }: FirstMessageProps) {
  const { t } = useTranslation("start");
  const format = useFormat();
  const input = useRef<HTMLInputElement>(null);
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const chosen = event.target.files?.[0];
    event.target.value = ""; // so that the same file can be chosen again
    if (!chosen) return;
    if (chosen.size === 0 || chosen.size > MAX_FILE_BYTES) {
      toast.error(t(chosen.size === 0 ? "file_empty" : "file_too_large"));
    } else onFile(chosen);
  };
  return (
    <div className="flex flex-col gap-2">
      <Field label={t("message")} hint={t("message_hint")}>
        <Textarea
          rows={4}
          value={text}
          maxLength={MAX_TEXT}
          onChange={(event) => onText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onSend();
          }}
        />
      </Field>
      <input
        ref={input}
        type="file"
        className="hidden"
        aria-hidden
        tabIndex={-1}
        onChange={choose}
      />
      {file ? (
        <div className="flex items-center gap-2 rounded-control bg-hover py-1 pr-1 pl-3 text-list">
          <Paperclip aria-hidden className="size-4 shrink-0 text-text-3" />
          <bdi className="min-w-0 flex-1 truncate">{file.name}</bdi>
          <span className="text-meta text-text-3">{format.fileSize(file.size)}</span>
          <IconButton size="small" label={t("remove_file")} onClick={() => onFile(null)}>
            <X />
          </IconButton>
        </div>
      ) : (
        <Button size="small" className="self-start" onClick={() => input.current?.click()}>
          <Paperclip aria-hidden className="size-4" />
          {t("attach")}
        </Button>
      )}
    </div>
  );
}
