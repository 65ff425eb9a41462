import { expect, test } from "vitest";
import type { ComposerDraft } from "@/shared/live";
import { remainingDraft } from "./send-draft";

const draft = (more: Partial<ComposerDraft>): ComposerDraft => ({
  mode: "reply",
  text: "",
  replyTo: null,
  mentions: [],
  files: [],
  cannedFiles: [],
  ...more,
});

test("nothing stays of a draft that was sent as it was", () => {
  const sent = draft({
    text: "oi ",
    replyTo: "m1",
    mentions: ["u1"],
    files: [new File(["a"], "a.png")],
    cannedFiles: [{ id: "f1", name: "b.pdf", type: "application/pdf", size: 1 }],
  });
  expect(remainingDraft(sent, sent)).toEqual(draft({}));
});

test("what came after the send stays", () => {
  const [first, second] = [new File(["a"], "a.png"), new File(["b"], "b.png")];
  const sent = draft({ text: "oi", files: [first] });
  const latest = draft({ text: "oi e mais", files: [first, second], replyTo: "m2" });
  expect(remainingDraft(sent, latest)).toEqual(
    draft({ text: "e mais", files: [second], replyTo: "m2" }),
  );
});

test("words that were changed meanwhile stay whole", () => {
  expect(remainingDraft(draft({ text: "oi" }), draft({ text: "olá" })).text).toBe("olá");
});
