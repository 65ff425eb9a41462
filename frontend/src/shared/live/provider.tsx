import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { LiveSession, type SessionOptions } from "./session";

const SessionContext = createContext<LiveSession | null>(null);

/** The session of the nearest `LiveProvider`. */
export function useSession(): LiveSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error("A hook of shared/live is used outside LiveProvider");
  return session;
}

interface LiveProviderProps extends SessionOptions {
  children: ReactNode;
}

/** Starts the live state of the signed-in user and ends it when it is unmounted. */
export function LiveProvider({ children, ...options }: LiveProviderProps): ReactNode {
  const { userId, tenantId, api, sendApi, openSocket } = options;
  const [session, setSession] = useState<LiveSession | null>(null);
  useEffect(() => {
    const started = new LiveSession({
      userId,
      tenantId,
      ...(api ? { api } : {}),
      ...(sendApi ? { sendApi } : {}),
      ...(openSocket ? { openSocket } : {}),
    });
    started.start();
    setSession(started);
    return () => {
      started.stop();
      setSession(null);
    };
  }, [userId, tenantId, api, sendApi, openSocket]);
  return session && <SessionContext value={session}>{children}</SessionContext>;
}
