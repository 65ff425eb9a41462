import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ChangeEvent, useRef } from "react";
import { api } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { currentUserQuery, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { Avatar } from "@/shared/ui/display/avatar";
import { toast } from "@/shared/ui/feedback/toaster";

const TYPES = ["image/jpeg", "image/png", "image/webp"];
const MAX_BYTES = 8 * 1024 * 1024;

async function sendPhoto(file: File): Promise<void> {
  const form = new FormData();
  form.append("file", file);
  await api.PUT("/auth/me/photo", {
    body: { file: "" },
    bodySerializer: () => form,
  });
}

/** The photo that colleagues see. */
export function PhotoField() {
  const { t } = useTranslation("profile");
  const user = useCurrentUser();
  const queryClient = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const change = useMutation({
    mutationFn: async (file: File | null) => {
      if (file) await sendPhoto(file);
      else await api.DELETE("/auth/me/photo");
    },
    onSuccess: () => queryClient.invalidateQueries(currentUserQuery),
    onError: (error) => toast.error(t("photo.failed"), { description: describeError(error, t) }),
  });
  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = ""; // so that the same file can be chosen again
    if (!file) return;
    if (!TYPES.includes(file.type) || file.size > MAX_BYTES) toast.error(t("photo.unfit"));
    else change.mutate(file);
  };
  return (
    <div className="flex items-center gap-4">
      <Avatar name={user.name} seed={user.id} photo={user.photo_url} size="large" />
      <div className="flex flex-col gap-1">
        <div className="flex flex-wrap gap-2">
          <input
            ref={input}
            type="file"
            accept={TYPES.join(",")}
            className="hidden"
            onChange={choose}
          />
          <Button disabled={change.isPending} onClick={() => input.current?.click()}>
            {change.isPending ? t("photo.sending") : t("photo.choose")}
          </Button>
          {user.photo_url && (
            <Button variant="quiet" disabled={change.isPending} onClick={() => change.mutate(null)}>
              {t("photo.remove")}
            </Button>
          )}
        </div>
        <p className="text-meta text-text-3">{t("photo.hint")}</p>
      </div>
    </div>
  );
}
