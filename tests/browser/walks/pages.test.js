// Every page of an embedded mill on which there is something to see.
import { after } from "node:test";
import { startEmbedded } from "../mill/embedded.js";
import { Visitor, openBrowser } from "../page/visitor.js";
import { byKeyboard } from "../steps/keys.js";
import { looking } from "../steps/look.js";
import { plainly } from "../steps/plain.js";
import { prepare } from "../steps/prepare.js";

const [mill, browser] = await Promise.all([startEmbedded(), openBrowser()]);
after(() => Promise.all([mill.end(), browser.close()]));

const seen = await prepare(mill);
const come = (options) => Visitor.come(browser, mill, options);
looking(come, seen, { withPictures: true });
byKeyboard(come, seen);
plainly(come, seen);
