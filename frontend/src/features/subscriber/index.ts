export { SubscriberPanel, type SubscriberPanelProps } from "./components/subscriber-panel";
