export { SlaPolicies } from "./components/sla-policies";
