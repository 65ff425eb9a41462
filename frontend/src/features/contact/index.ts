export { ContactSection } from "./components/contact-section";
export { ConversationSection } from "./components/conversation-section";
export { EarlierSection } from "./components/earlier-section";
export { FilesSection } from "./components/files-section";
