import { api, csrfToken, unwrap } from "./client";
import type { components } from "./schema.gen";

export type CurrentUser = components["schemas"]["CurrentUserResponse"];

const request = (): Promise<CurrentUser> => unwrap(api.GET("/auth/me"));

// `main.tsx` imports this module first: the question is on its way while the rest of the code is evaluated.
let early = csrfToken() === null ? null : request();
early?.catch(() => undefined); // who takes it is told

/** The signed-in user; fails with status 401 if nobody is signed in. */
export function fetchCurrentUser(): Promise<CurrentUser> {
  const user = early ?? request();
  early = null;
  return user;
}
