import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, unwrap } from "@/shared/api/client";
import { ApiError } from "@/shared/api/problem";
import { tellTabs } from "@/shared/api/session-sync";

export interface Credentials {
  login: string;
  password: string;
  code?: string;
}

/** Where a sign-in stands: the password, then the code of those who have a second factor. */
type SignInStep = "password" | "code";

/** The state of a sign-in. `credentials` are kept in memory alone, until the code was accepted. */
export function useSignIn(onSignedIn: () => void) {
  const [credentials, setCredentials] = useState<Credentials | null>(null);
  const mutation = useMutation({
    mutationFn: (given: Credentials) =>
      unwrap(api.POST("/auth/login", { body: { ...given, use_cookies: true } })),
    onSuccess: () => {
      setCredentials(null);
      tellTabs("signed_in");
      onSignedIn();
    },
    onError: (error, given) => {
      if (error instanceof ApiError && error.code === "second_factor_required")
        setCredentials(given);
    },
  });
  const needsCode =
    mutation.error instanceof ApiError && mutation.error.code === "second_factor_required";
  const step: SignInStep = credentials ? "code" : "password";
  return {
    step,
    error: needsCode ? null : mutation.error,
    isBusy: mutation.isPending,
    sendPassword: (login: string, password: string) => mutation.mutate({ login, password }),
    sendCode: (code: string) => credentials && mutation.mutate({ ...credentials, code }),
    startAgain: () => {
      setCredentials(null);
      mutation.reset();
    },
  };
}
