#!/usr/bin/env node
// The command `wasmill-build app.js -o app.wasm`.

import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";

import { build } from "../src/build.js";

const USAGE = `wasmill-build SOURCE [-o MODULE]

Builds the handler that SOURCE (a JavaScript or TypeScript module) exports by default.

  -o, --output MODULE   where to write the module; SOURCE's name with .wasm, here, if not given
  -h, --help            prints this`;

let source, values;
try {
  ({ positionals: [source], values } = parseArgs({
    allowPositionals: true,
    options: { output: { type: "string", short: "o" }, help: { type: "boolean", short: "h" } },
  }));
} catch (error) {
  console.error(`error: ${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (values.help || source === undefined) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

const output = values.output ?? basename(source).replace(/\.[cm]?[jt]sx?$/, "") + ".wasm";
try {
  const { component, interfaces } = await build(source);
  await writeFile(output, component);
  console.log(`${output}  ${(component.length / 2 ** 20).toFixed(1)} MiB  imports ${interfaces.join(", ") || "nothing"}`);
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exit(1);
}
