import {
  type QueryClient,
  type QueryKey,
  QueryObserver,
  type QueryObserverOptions,
  useQueryClient,
} from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

interface SharedQuery<Data> {
  subscribe: (changed: () => void) => () => void;
  read: () => Data | undefined;
}

const known = new WeakMap<QueryClient, Map<string, SharedQuery<unknown>>>();

/**
 * The data of a query that every row and button asks for. All of them share one observer; `useQuery`
 * makes one for each component, which takes longer than drawing a row.
 */
export function useSharedQuery<Data, Key extends QueryKey>(
  options: QueryObserverOptions<Data, Error, Data, Data, Key>,
): Data | undefined {
  const query = sharedQuery(useQueryClient(), options);
  return useSyncExternalStore(query.subscribe, query.read);
}

function sharedQuery<Data, Key extends QueryKey>(
  client: QueryClient,
  options: QueryObserverOptions<Data, Error, Data, Data, Key>,
): SharedQuery<Data> {
  const queries = known.get(client) ?? new Map<string, SharedQuery<unknown>>();
  known.set(client, queries);
  const key = JSON.stringify(options.queryKey);
  const found = queries.get(key) as SharedQuery<Data> | undefined;
  if (found) return found;
  const observer = new QueryObserver(client, options);
  const created: SharedQuery<Data> = {
    subscribe: (changed) => {
      observer.setOptions(options); // after a sign-out the cache has another query under this key
      return observer.subscribe(changed);
    },
    read: () => client.getQueryData<Data>(options.queryKey),
  };
  queries.set(key, created);
  return created;
}
