export { Reports, type ReportsProps } from "./components/reports";
