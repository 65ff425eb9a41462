import { expect, test } from "vitest";
import { findTrigger, replaceTrigger } from "./trigger";

test.each([
  ["/", 1, { mark: "/", query: "", start: 0 }],
  ["oi /bol", 7, { mark: "/", query: "bol", start: 3 }],
  ["linha\n@an", 9, { mark: "@", query: "an", start: 6 }],
  ["@joão", 5, { mark: "@", query: "joão", start: 0 }],
])("%j at %i", (text, cursor, expected) => {
  expect(findTrigger(text, cursor, ["/", "@"])).toEqual(expected);
});

test.each(["http://a", "e/ou", "mail@exemplo", "/ a", "1/2"])("%s opens no menu", (text) => {
  expect(findTrigger(text, text.length, ["/", "@"])).toBeNull();
});

test("a mark that the mode does not have opens no menu", () => {
  expect(findTrigger("@an", 3, ["/"])).toBeNull();
});

test("the choice replaces what was typed and keeps the rest", () => {
  const trigger = findTrigger("oi /bol fim", 7, ["/"]);
  expect(trigger && replaceTrigger("oi /bol fim", trigger, "Segue o boleto")).toEqual({
    text: "oi Segue o boleto fim",
    cursor: 17,
  });
});
