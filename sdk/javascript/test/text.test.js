// UTF-8 as everybody else reads and writes it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, encode } from "../src/text.js";

test("text goes both ways", () => {
  const points = [0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff];
  for (const text of ["", "plain", String.fromCodePoint(...points), "é🦀".repeat(5000)]) {
    assert.deepEqual(Buffer.from(encode(text)), Buffer.from(text, "utf8"));
    assert.equal(decode(encode(text)), text);
  }
});

test("what is no UTF-8 is found", () => {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const all = [[0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xc3, 0x28]];
  for (const bytes of all.map((bytes) => Uint8Array.from(bytes))) {
    assert.throws(() => strict.decode(bytes));
    assert.throws(() => decode(bytes), /no UTF-8 at byte 0/, bytes.join(" "));
  }
});

test("halves of pairs become the replacement", () => {
  for (const text of ["\ud800", "a\udc00b", "\ud800\ud800"]) assert.deepEqual(Buffer.from(encode(text)), Buffer.from(text, "utf8"));
});
