import { expect, test } from "vitest";
import { heldOrder } from "@/shared/ui/list/frozen-order";
import { folderFrom, listFilter, searchFrom, withFilter } from "./filters";
import { idsBetween } from "./selection";
import { tabFilter, tabOf, tabsOf } from "./tabs";
import { idBeside } from "./use-list-commands";

test("a held order keeps its rows in place and counts what is new above", () => {
  expect(heldOrder(["a", "b", "c"], ["x", "c", "a", "b"])).toEqual({
    ids: ["a", "b", "c"],
    fresh: 1,
  });
});

test("a held order lets go of rows that left and takes the page that was loaded below", () => {
  expect(heldOrder(["a", "b", "c"], ["c", "a", "d", "e"])).toEqual({
    ids: ["a", "c", "d", "e"],
    fresh: 0,
  });
  expect(heldOrder(["a"], ["x", "y"])).toEqual({ ids: ["x", "y"], fresh: 0 });
});

test("a range runs both ways and ends with a row that is gone", () => {
  const ids = ["a", "b", "c", "d"];
  expect(idsBetween(ids, "c", "a")).toEqual(["a", "b", "c"]);
  expect(idsBetween(ids, "gone", "b")).toEqual(["b"]);
  expect(idsBetween(ids, "a", "gone")).toEqual([]);
});

test("the row beside stops at the ends", () => {
  expect(idBeside(["a", "b"], "a", 1)).toBe("b");
  expect(idBeside(["a", "b"], "b", 1)).toBeNull();
  expect(idBeside(["a", "b"], null, -1)).toBe("b");
  expect(idBeside([], null, 1)).toBeNull();
});

test("the Brazilian preset has its own tabs", () => {
  expect(tabsOf("brazilian")).toEqual(["mine", "unassigned", "resolved"]);
  expect(tabOf("assistant", "brazilian")).toBe("mine");
  expect(tabFilter("resolved")).toEqual({ tab: "all", status: ["resolved"] });
});

test("an address becomes a filter, without what nobody offers", () => {
  const search = { situacao: ["open", "made-up"], prioridade: ["urgent"], equipe: ["support"] };
  expect(listFilter(search, "all")).toEqual({
    tab: "all",
    status: ["open"],
    priority: ["urgent"],
    team: ["support"],
  });
});

test("a folder gives back the filters that it was saved from", () => {
  const search = {
    aba: "all",
    equipe: ["billing", "support"],
    agente: ["none"],
    ordem: "waiting" as const,
  };
  const folder = folderFrom(search, "f1", "Boletos");
  expect(folder.filter).toEqual({
    team: ["billing", "support"],
    agent: ["none"],
    sort: "waiting",
  });
  expect(searchFrom(folder)).toEqual({ ...search, pasta: "f1" });
});

test("changing a filter leaves the folder", () => {
  expect(withFilter({ pasta: "f1", equipe: ["a"] }, "team", [])).toEqual({});
});
