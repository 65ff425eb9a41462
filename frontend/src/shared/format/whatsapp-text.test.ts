import fc from "fast-check";
import { expect, test } from "vitest";
import { splitLinks } from "./whatsapp-links";
import { parseWhatsAppText, plainWhatsAppText, type TextBlock } from "./whatsapp-text";

const paragraph = (text: string) => {
  const block = parseWhatsAppText(text, splitLinks)[0];
  return block && "children" in block ? block.children : [];
};

test("marks become parts", () => {
  expect(paragraph("Olá *Ana*, _tudo_ ~mal~ `bem`")).toEqual([
    { type: "text", text: "Olá " },
    { type: "bold", children: [{ type: "text", text: "Ana" }] },
    { type: "text", text: ", " },
    { type: "italic", children: [{ type: "text", text: "tudo" }] },
    { type: "text", text: " " },
    { type: "strike", children: [{ type: "text", text: "mal" }] },
    { type: "text", text: " " },
    { type: "code", text: "bem" },
  ]);
});

test("marks nest", () => {
  expect(paragraph("*_os dois_*")).toEqual([
    { type: "bold", children: [{ type: "italic", children: [{ type: "text", text: "os dois" }] }] },
  ]);
});

test.each(["2*3*4", "a_b_c", "**", "um * só *", "R$ 5,00*"])("%s has no marks", (text) => {
  expect(plainWhatsAppText(text)).toBe(text);
  expect(paragraph(text).every((each) => each.type === "text")).toBe(true);
});

test("links are recognised, and only safe ones", () => {
  expect(paragraph("veja https://exemplo.com.br/fatura_de_maio?a=1_2_3 ok")).toContainEqual({
    type: "link",
    text: "https://exemplo.com.br/fatura_de_maio?a=1_2_3",
    href: "https://exemplo.com.br/fatura_de_maio?a=1_2_3",
  });
  expect(paragraph("www.exemplo.com.br")).toEqual([
    { type: "link", text: "www.exemplo.com.br", href: "https://www.exemplo.com.br" },
  ]);
  for (const hostile of [
    "javascript:alert(1)",
    "data:text/html,x",
    "JaVaScRiPt://a.com/%0aalert(1)",
  ]) {
    expect(
      paragraph(hostile).filter(
        (each) => each.type === "link" && !/^(https?|mailto):/i.test(each.href),
      ),
    ).toEqual([]);
  }
});

test("blocks: quote, lists, code", () => {
  const blocks = parseWhatsAppText(
    "> citado\n- um\n- dois\n3. três\n4. quatro\n```\nlinha *a*\n```\nfim",
    splitLinks,
  );
  expect(blocks.map((each: TextBlock) => each.type)).toEqual([
    "quote",
    "list",
    "list",
    "preformatted",
    "paragraph",
  ]);
  expect(blocks[2]).toMatchObject({ ordered: true, start: 3 });
  expect(blocks[3]).toMatchObject({ text: "linha *a*" });
});

test("lists show addresses as they are", () => {
  expect(plainWhatsAppText("*veja* https://exemplo.com.br/_a_?b=*c* e www.d.br/~e~ _ok_")).toBe(
    "veja https://exemplo.com.br/_a_?b=*c* e www.d.br/~e~ ok",
  );
});

test("an open fence is plain text", () => {
  expect(plainWhatsAppText("antes ``` depois")).toBe("antes ``` depois");
});

test("a hostile text of 60,000 characters is shown as it is", () => {
  const text = "*_~".repeat(20_000);
  expect(parseWhatsAppText(text, splitLinks)).toEqual([
    { type: "paragraph", children: [{ type: "text", text }] },
  ]);
});

test("no character of a text is lost but marks", () => {
  const visible = (text: string) => text.replace(/[\s*_~`>\-•.\d]/g, "");
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."ab *_~`\n>-1. ") }), (text) => {
      expect(visible(plainWhatsAppText(text, 10_000))).toBe(visible(text));
    }),
  );
});
