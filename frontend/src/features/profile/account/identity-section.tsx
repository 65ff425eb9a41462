import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api/client";
import { describeError } from "@/shared/api/describe-error";
import { currentUserQuery, useCurrentUser } from "@/shared/api/session";
import { useTranslation } from "@/shared/i18n/use-translation";
import { Button } from "@/shared/ui/button";
import { toast } from "@/shared/ui/feedback/toaster";
import { Field } from "@/shared/ui/form/field";
import { Input } from "@/shared/ui/form/input";
import { PhotoField } from "./photo-field";

/** Photo, name and e-mail. */
export function IdentitySection() {
  const { t } = useTranslation("profile");
  const user = useCurrentUser();
  const queryClient = useQueryClient();
  const [name, setName] = useState(user.name);
  const rename = useMutation({
    mutationFn: (text: string) => api.PATCH("/auth/me", { body: { name: text } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries(currentUserQuery);
      toast.done(t("identity.saved"));
    },
    onError: (error) => toast.error(t("not_saved"), { description: describeError(error, t) }),
  });
  const text = name.trim();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text && text !== user.name) rename.mutate(text);
  };
  return (
    <>
      <PhotoField />
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <Field
          label={t("identity.name")}
          hint={t("identity.name_hint")}
          error={!text && t("identity.name_missing")}
        >
          <Input
            value={name}
            maxLength={120}
            autoComplete="name"
            onChange={(event) => setName(event.target.value)}
          />
        </Field>
        <Field label={t("identity.login")} hint={t("identity.login_hint")}>
          <Input value={user.login ?? ""} readOnly className="bg-panel text-text-2" />
        </Field>
        <div>
          <Button
            type="submit"
            variant="primary"
            disabled={rename.isPending || !text || text === user.name}
          >
            {t("shared:actions.save")}
          </Button>
        </div>
      </form>
    </>
  );
}
