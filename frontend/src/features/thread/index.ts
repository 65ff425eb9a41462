export { ThreadPane, type ThreadPaneProps } from "./thread-pane";
