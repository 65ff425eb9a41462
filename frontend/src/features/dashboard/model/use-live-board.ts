import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { live, useLiveState } from "@/shared/live";
import { boardQuery } from "./board-query";
import { RefreshPacer } from "./refresh-pacer";

/** The dashboard, asked for again when the live stream says that something has changed. It never polls. */
export function useLiveBoard() {
  const client = useQueryClient();
  const query = useQuery(boardQuery);
  const pacer = useRef<RefreshPacer | null>(null);
  // Counts of queues, the presence of agents and changes of channels come as frames of their own; after a gap all is asked for.
  const queues = useLiveState((state) => state.queues);
  const presence = useLiveState((state) => state.presence);
  const channels = useLiveState((state) => state.channelsChanged);
  const epoch = useLiveState((state) => state.epoch);
  const isConnected = useLiveState((state) => state.link.state === "connected");
  useEffect(() => {
    const started = new RefreshPacer({
      fetch: async () => {
        const board = await client.fetchQuery({ ...boardQuery, staleTime: 0 });
        return Date.parse(board.as_of);
      },
    });
    pacer.current = started;
    const stopListening = live.onEvent((event) => started.request(Date.parse(event.at)));
    return () => {
      stopListening();
      started.stop();
    };
  }, [client]);
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each of them means that something changed
  useEffect(() => {
    if (isFirst.current) isFirst.current = false;
    else pacer.current?.request();
  }, [queues, presence, channels, epoch, isConnected]);
  return query;
}
