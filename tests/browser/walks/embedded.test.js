// The console of an embedded mill, without tokens.
import { after } from "node:test";
import { startEmbedded } from "../mill/embedded.js";
import { Visitor, openBrowser } from "../page/visitor.js";
import { operating } from "../steps/operate.js";

const [mill, browser] = await Promise.all([startEmbedded(), openBrowser()]);
after(() => Promise.all([mill.end(), browser.close()]));

operating(mill, await Visitor.come(browser, mill));
