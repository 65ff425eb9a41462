import {
  BarChart3,
  BellRing,
  ContactRound,
  DatabaseZap,
  Gauge,
  HeartHandshake,
  Hourglass,
  Inbox,
  type LucideIcon,
  Search,
  Settings,
  SquareKanban,
} from "lucide-react";

/** A place in the navigation. `to: null` keeps the place of a section that is yet to come. */
export interface Section {
  /** The key of its name below `app:sections`. */
  name: string;
  icon: LucideIcon;
  to:
    | "/atendimentos"
    | "/quadro"
    | "/contatos"
    | "/busca"
    | "/painel"
    | "/relatorios"
    | "/alertas"
    | "/sla"
    | "/supabase"
    | "/recuperacao"
    | null;
  /** A permission without which the place is not shown. */
  permission?: string;
}

export const SECTIONS: readonly Section[] = [
  { name: "inbox", icon: Inbox, to: "/atendimentos" },
  { name: "board", icon: SquareKanban, to: "/quadro" },
  { name: "contacts", icon: ContactRound, to: "/contatos" },
  { name: "search", icon: Search, to: "/busca" },
];

/** On a phone these are in the menu of the account: the bar has no room for them. */
export const REPORT_SECTIONS: readonly Section[] = [
  { name: "dashboard", icon: Gauge, to: "/painel", permission: "reports:read" },
  { name: "reports", icon: BarChart3, to: "/relatorios", permission: "reports:read" },
  { name: "follow_ups", icon: HeartHandshake, to: "/recuperacao", permission: "reports:read" },
  { name: "alerts", icon: BellRing, to: "/alertas", permission: "settings:read" },
  { name: "sla", icon: Hourglass, to: "/sla", permission: "settings:read" },
  { name: "supabase", icon: DatabaseZap, to: "/supabase", permission: "settings:read" },
];

export const LATER_SECTIONS: readonly Section[] = [
  { name: "administration", icon: Settings, to: null, permission: "settings:write" },
];
