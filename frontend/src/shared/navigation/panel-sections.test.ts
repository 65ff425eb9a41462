import { expect, test } from "vitest";
import { moveSection, orderSections, PANEL_SECTIONS } from "./panel-sections";

test("sections that the order does not name follow in the order of the product", () => {
  expect(orderSections(["files", "of-another-release", "contact", "files"])).toEqual([
    "files",
    "contact",
    "subscriber",
    "conversation",
    "earlier",
  ]);
});

test("a section moves past the next one that is shown", () => {
  const shown = ["subscriber", "contact", "earlier", "files"] as const;
  const moved = moveSection(PANEL_SECTIONS, shown, "earlier", -1);
  expect(moved).toEqual(["subscriber", "earlier", "contact", "conversation", "files"]);
  expect(moveSection(PANEL_SECTIONS, shown, "contact", 1)).toEqual([
    "subscriber",
    "conversation",
    "earlier",
    "contact",
    "files",
  ]);
  expect(moveSection(PANEL_SECTIONS, shown, "subscriber", -1)).toEqual([...PANEL_SECTIONS]);
});
