// From a handler's source to a component: bundled by esbuild, made a component by componentize-qjs, whose engine is
// QuickJS. Of the contract's interfaces the component imports those that the bundle uses; of WASI none, see README.md.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "componentize-qjs";
import { build as bundle } from "esbuild";

const SDK = dirname(fileURLToPath(import.meta.url));
const CONTRACT = join(SDK, "../wit/job.wit");

/** Builds the handler that the module at `source` exports by default. Answers the component's bytes, and the names of the
 *  interfaces that it imports. */
export async function build(source) {
  const contract = await readFile(CONTRACT, "utf8");
  const version = /^package wasmill:job@([^;]+);/m.exec(contract)[1];
  const first = await bundled(resolve(source), version, []);
  // What the handler uses decides which of the engine's own functions ask the host.
  const { text, interfaces } = await bundled(resolve(source), version, first.interfaces);
  const folder = await mkdtemp(join(tmpdir(), "wasmill-build-"));
  try {
    await writeFile(join(folder, "job.wit"), narrowed(contract, interfaces));
    const options = { world: "job-handler", sync: true, optSize: true, stubWasi: true };
    const { component } = await componentize({ witPath: join(folder, "job.wit"), jsSource: text, ...options });
    return { component, interfaces };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The contract with no more imports than these. `http` needs the type of secrets, and with it alone no grant for any. */
function narrowed(contract, interfaces) {
  const imports = interfaces.map((name) => `  import ${name};\n`).join("");
  const world = `world job-handler {\n${imports}  export handler;\n}`;
  const wit = contract.replace(/^world job-handler \{[^}]*\}/m, world);
  return interfaces.includes("secrets") ? wit : wit.replace(/^interface secrets \{.*?^\}/ms, "interface secrets { resource secret; }");
}

/** One ES module of the handler and the SDK, and the interfaces of the contract that it uses, in order. */
async function bundled(source, version, used) {
  const result = await bundle({
    stdin: { contents: entry(source, used), resolveDir: SDK, sourcefile: "wasmill-entry.js" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["import", "module"],
    target: "es2023",
    treeShaking: true,
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    logLevel: "silent",
    plugins: [host(version)],
  });
  const [output] = Object.values(result.metafile.outputs);
  const imports = output.imports.map(({ path }) => /^wasmill:job\/([a-z-]+)@/.exec(path)?.[1]);
  const interfaces = [...new Set(imports.filter((name) => name !== undefined))].sort();
  return { text: result.outputFiles[0].text, interfaces };
}

function entry(source, used) {
  const has = (name) => used.includes(name);
  return [
    // Before the handler's own modules run.
    `import { install as installClock } from "./guest-clock.js";`,
    `import { install as installRandom } from "./guest-random.js";`,
    has("clock") ? `import * as clock from "#host/clock";` : "",
    has("random") ? `import * as random from "./random.js";` : "",
    `import main from ${JSON.stringify(source)};`,
    `import { exported } from "./guest.js";`,
    `installClock(${has("clock") ? "clock" : "undefined"});`,
    `installRandom(${has("random") ? "random" : "undefined"});`,
    `export const handler = exported(main);`,
  ].join("\n");
}

/** Makes `#host/…`, and the SDK wherever the handler finds it, the contract's interfaces. */
function host(version) {
  return {
    name: "wasmill-host",
    setup({ onResolve }) {
      onResolve({ filter: /^#host\// }, ({ path }) => ({
        path: `wasmill:job/${path.slice("#host/".length)}@${version}`,
        external: true,
        sideEffects: false,
      }));
      onResolve({ filter: /^@wasmill\/sdk$/ }, () => ({ path: join(SDK, "index.js"), sideEffects: false }));
      onResolve({ filter: /^@wasmill\/sdk\/testing$/ }, () => ({
        errors: [{ text: "a handler does not import @wasmill/sdk/testing: its tests do" }],
      }));
    },
  };
}
