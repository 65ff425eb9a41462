export { InboxList, type InboxListProps } from "./components/inbox-list";
