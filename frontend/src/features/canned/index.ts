export { CannedResponses } from "./canned-responses";
export { CannedEditor } from "./components/canned-editor";
