// Bytes of strangers on the pages of an embedded mill.
import { after } from "node:test";
import { startEmbedded } from "../mill/embedded.js";
import { Visitor, openBrowser } from "../page/visitor.js";
import { hostile } from "../steps/hostile.js";

const [mill, browser] = await Promise.all([startEmbedded(), openBrowser()]);
after(() => Promise.all([mill.end(), browser.close()]));

hostile(mill, (options) => Visitor.come(browser, mill, options), { limit: "8MiB", bytes: 5_000_000 });
