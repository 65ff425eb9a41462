import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { channelsQuery } from "@/shared/api/colleagues";
import { describeError } from "@/shared/api/describe-error";
import { ApiError } from "@/shared/api/problem";
import { useTranslation } from "@/shared/i18n/use-translation";
import type { StartRequest } from "@/shared/navigation/start-conversation";
import { Button } from "@/shared/ui/button";
import { Banner } from "@/shared/ui/feedback/banner";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { Select } from "@/shared/ui/form/select";
import { Dialog } from "@/shared/ui/overlay/dialog";
import { type Recipient, StartSender } from "../model/start";
import { FirstMessage } from "./first-message";
import { RecipientField } from "./recipient-field";

interface StartDialogProps {
  request: StartRequest;
  onOpen: (conversationId: string) => void;
  onClose: () => void;
}

function recipientOf({ contact }: StartRequest): Recipient | null {
  return contact ? { kind: "contact", ...contact } : null;
}

/** Writes to a person first. The user holds the new conversation. */
export default function StartDialog({ request, onOpen, onClose }: StartDialogProps) {
  const { t } = useTranslation("start");
  const [recipient, setRecipient] = useState(() => recipientOf(request));
  const { channel, channels, setChannel, problem } = useChannel();
  const [text, setText] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [sender] = useState(() => new StartSender());
  const start = useMutation({
    mutationFn: sender.send.bind(sender),
    onSuccess: onOpen,
  });
  const isReady = recipient !== null && channel !== undefined && (text.trim() !== "" || file);
  const submit = (despiteOptOut = false) => {
    if (!isReady || start.isPending) return;
    start.mutate({ recipient, channelId: channel, text, file, despiteOptOut });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t("title")}
      description={t("description")}
      footer={
        <>
          <Button onClick={onClose}>{t("shared:actions.cancel")}</Button>
          <Button variant="primary" disabled={!isReady || start.isPending} onClick={() => submit()}>
            {t(start.isPending ? "sending" : "send")}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <RecipientField
          value={recipient}
          onChange={(next) => {
            setRecipient(next);
            start.reset();
          }}
        />
        {recipient?.kind === "phone" && (
          <Field label={t("name")} hint={t("name_hint")}>
            <Input
              value={recipient.name}
              maxLength={120}
              onChange={(event) => setRecipient({ ...recipient, name: event.target.value })}
            />
          </Field>
        )}
        {channels.length > 1 && (
          <Field label={t("channel")}>
            <Select
              value={channel}
              onChange={setChannel}
              options={channels.map((each) => ({ value: each.id, label: each.name }))}
            />
          </Field>
        )}
        <FirstMessage
          text={text}
          file={file}
          onText={setText}
          onFile={setFile}
          onSend={() => submit()}
        />
        {problem && (
          <Banner live tone="danger" className="rounded-control">
            {problem}
          </Banner>
        )}
        {start.error && (
          <StartFailure error={start.error} onOpen={onOpen} onInsist={() => submit(true)} />
        )}
      </div>
    </Dialog>
  );
}

/** The chosen channel: at first one that is connected. */
function useChannel() {
  const { t } = useTranslation("start");
  const { data, error } = useQuery(channelsQuery);
  const [chosen, setChannel] = useState<string>();
  const channels = data ?? [];
  const connected = channels.find((each) => each.status === "connected") ?? channels[0];
  const problem = error ? describeError(error, t) : data?.length === 0 ? t("no_channel") : null;
  return { channel: chosen ?? connected?.id, channels, setChannel, problem };
}

interface StartFailureProps {
  error: Error;
  onOpen: (id: string) => void;
  /** Writes although the contact asked for no such messages. */
  onInsist: () => void;
}

function StartFailure({ error, onOpen, onInsist }: StartFailureProps) {
  const { t } = useTranslation("start");
  const code = error instanceof ApiError ? error.code : "";
  const openId =
    error instanceof ApiError && code === "conversation_open" ? error.existingId : null;
  if (code === "contact_opted_out") {
    return (
      <Banner
        live
        tone="warn"
        className="rounded-control"
        actions={
          <Button size="small" onClick={onInsist}>
            {t("opted_out_insist")}
          </Button>
        }
      >
        {t("opted_out")}
      </Banner>
    );
  }
  return (
    <Banner
      live
      tone={openId ? "warn" : "danger"}
      className="rounded-control"
      actions={
        openId && (
          <Button size="small" onClick={() => onOpen(openId)}>
            {t("open_existing")}
          </Button>
        )
      }
    >
      {describeError(error, t)}
    </Banner>
  );
}
