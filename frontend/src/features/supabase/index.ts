export { SupabaseMirror } from "./components/supabase-mirror";
