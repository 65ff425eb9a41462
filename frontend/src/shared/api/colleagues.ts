import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import type { components } from "./schema.gen";
import { useSharedQuery } from "./shared-query";

type Schemas = components["schemas"];
export type Colleague = Schemas["ColleagueResponse"];
export type ColleagueTeam = Schemas["ColleagueTeamResponse"];
export type Channel = Schemas["ChannelResponse"];

const MINUTES = 60_000;

/** The active users and the teams, each by name. The presence is that of the time of the request. */
export const colleaguesQuery = queryOptions({
  queryKey: ["colleagues"],
  queryFn: () => unwrap(api.GET("/colleagues")),
  staleTime: 2 * MINUTES,
});
export const channelsQuery = queryOptions({
  queryKey: ["channels"],
  queryFn: () => unwrap(api.GET("/channels")),
  staleTime: 10 * MINUTES,
});

const NO_COLLEAGUES: Colleague[] = [];
const NO_TEAMS: ColleagueTeam[] = [];
const NO_CHANNELS: Channel[] = [];

export const useColleagues = () => useSharedQuery(colleaguesQuery)?.users ?? NO_COLLEAGUES;
export const useTeams = () => useSharedQuery(colleaguesQuery)?.teams ?? NO_TEAMS;
export const useChannels = () => useSharedQuery(channelsQuery) ?? NO_CHANNELS;

/** A user by id, or undefined while nothing is known. */
export function useColleague(id: string | null | undefined): Colleague | undefined {
  return useColleagues().find((each) => each.id === id);
}

/** The name of a team, or its slug while the name is not known. */
export function useTeamName(slug: string | null | undefined): string | undefined {
  const team = useTeams().find((each) => each.slug === slug);
  return team?.name ?? slug ?? undefined;
}
