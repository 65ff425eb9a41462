import { queryOptions } from "@tanstack/react-query";
import { type CurrentUser, fetchCurrentUser } from "./early-user";
import { useSharedQuery } from "./shared-query";

export type { CurrentUser } from "./early-user";

/** The signed-in user; fails with status 401 if nobody is signed in. */
export const currentUserQuery = queryOptions({
  queryKey: ["auth", "me"],
  queryFn: fetchCurrentUser,
  staleTime: 5 * 60_000,
});

/** The signed-in user. Use it only below the sign-in guard of the router. */
export function useCurrentUser(): CurrentUser {
  const user = useSharedQuery(currentUserQuery);
  if (!user) throw new Error("useCurrentUser is used outside the signed-in pages");
  return user;
}

/**
 * True if the user may do something. Permissions read `resource:action` or `resource:action:scope`;
 * a scope limits it to some conversations, which the server decides, so the screen offers it.
 */
export function may(user: CurrentUser, permission: string): boolean {
  return user.permissions.some((each) => each === permission || each.startsWith(`${permission}:`));
}
