import { live } from "@/shared/live";
import { api } from "./client";
import { ApiError } from "./problem";
import { tellTabs } from "./session-sync";

/**
 * Ends this session, or with `everywhere` all sessions of the user. What the browser has stored for
 * the user is deleted. Throws `ApiError` if the server could not be reached: then the session goes on.
 * The caller then shows the sign-in page, which empties the cache.
 */
export async function signOut(everywhere = false): Promise<void> {
  tellTabs("signing_out");
  try {
    await (everywhere ? api.POST("/auth/logout-everywhere") : api.POST("/auth/logout"));
  } catch (error) {
    const isOver = error instanceof ApiError && (error.status === 401 || error.status === 403);
    if (!isOver) {
      tellTabs("stayed");
      throw error;
    }
  }
  await live.clearLocalData();
  tellTabs("signed_out");
}
