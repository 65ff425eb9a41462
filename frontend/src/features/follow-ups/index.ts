export { FollowUps } from "./components/follow-ups";
