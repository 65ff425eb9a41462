export { MessageSearch, type MessageSearchProps } from "./message-search";
