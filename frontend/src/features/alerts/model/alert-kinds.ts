import type { AlertKind } from "@/shared/alerts/queries";

interface KindTraits {
  /** Whether low values are bad. */
  isBelow?: boolean;
  /** What a new rule starts with. Kinds without a window measure the present. */
  threshold: number;
  clear: number;
  window?: number;
  isByTeam?: boolean;
}

/** As `niochat/domain/alerts/alert_kinds.py` has them, with values to start from. */
export const ALERT_KINDS: Record<AlertKind, KindTraits> = {
  queue_long: { threshold: 10, clear: 5, isByTeam: true },
  wait_long: { threshold: 15, clear: 5, isByTeam: true },
  first_answer_slow: { threshold: 10, clear: 5, window: 60, isByTeam: true },
  rating_low: { threshold: 3.5, clear: 4, window: 1440, isBelow: true, isByTeam: true },
  channel_down: { threshold: 3, clear: 0 },
  channel_silent: { threshold: 20, clear: 50, window: 60, isBelow: true },
  assistant_failing: { threshold: 20, clear: 5, window: 60 },
  erp_failing: { threshold: 20, clear: 5, window: 30 },
  cost_high: { threshold: 50, clear: 50 },
};

export const KIND_NAMES = Object.keys(ALERT_KINDS) as AlertKind[];
