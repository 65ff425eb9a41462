import { usePreferences, useUpdatePreferences } from "@/shared/api/preferences";

/** The sections of the side panel in the order of the product. */
export const PANEL_SECTIONS = [
  "subscriber",
  "contact",
  "conversation",
  "earlier",
  "files",
] as const;
export type PanelSection = (typeof PANEL_SECTIONS)[number];

const FIRST_OPEN: readonly string[] = ["subscriber", "contact", "conversation"];

/** The user's order; sections that it does not name follow in the order of the product. */
export function orderSections(order: readonly string[]): PanelSection[] {
  const known = [...new Set(order)].filter((each): each is PanelSection =>
    PANEL_SECTIONS.some((section) => section === each),
  );
  return [...known, ...PANEL_SECTIONS.filter((each) => !known.includes(each))];
}

/** Moves a section past its neighbour among those that are shown. */
export function moveSection(
  order: readonly PanelSection[],
  shown: readonly PanelSection[],
  section: PanelSection,
  step: 1 | -1,
): PanelSection[] {
  const neighbour = shown[shown.indexOf(section) + step];
  if (!neighbour || !shown.includes(section)) return [...order];
  const rest = order.filter((each) => each !== section);
  rest.splice(rest.indexOf(neighbour) + (step === 1 ? 1 : 0), 0, section);
  return rest;
}

export interface PanelSections {
  order: readonly PanelSection[];
  open: readonly string[];
  setOpen(open: string[]): void;
  move(section: PanelSection, step: 1 | -1, shown: readonly PanelSection[]): void;
}

type SidePanelPreferences = ReturnType<typeof usePreferences>["side_panel"];

/** Which sections are open. Without an order the user has never changed the panel. */
function openSections({ order, open }: SidePanelPreferences): readonly string[] {
  return order.length === 0 ? FIRST_OPEN : open;
}

/** Order and open sections, kept in the preferences of the user. */
export function usePanelSections(): PanelSections {
  const { side_panel } = usePreferences();
  const { mutate } = useUpdatePreferences();
  const save = (change: (current: SidePanelPreferences) => Partial<SidePanelPreferences>) =>
    mutate((current) => ({
      ...current,
      side_panel: {
        order: orderSections(current.side_panel.order),
        open: [...openSections(current.side_panel)],
        ...change(current.side_panel),
      },
    }));
  return {
    order: orderSections(side_panel.order),
    open: openSections(side_panel),
    setOpen: (open) => save(() => ({ open })),
    move: (section, step, shown) =>
      save(({ order }) => ({ order: moveSection(orderSections(order), shown, section, step) })),
  };
}
