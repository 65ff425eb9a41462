export { ExportNotices } from "./export-notices";
