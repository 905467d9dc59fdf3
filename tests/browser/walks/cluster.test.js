// The console of a cluster: Kafka, Redis, and a process for each role, with tokens.
import { after, test } from "node:test";
import { startCluster } from "../mill/cluster.js";
import { Visitor, openBrowser } from "../page/visitor.js";
import { hostile } from "../steps/hostile.js";
import { looking } from "../steps/look.js";
import { operating } from "../steps/operate.js";
import { prepare } from "../steps/prepare.js";
import { byRole } from "../steps/roles.js";

const [mill, browser] = await Promise.all([startCluster(), openBrowser()]);
after(() => Promise.all([mill.end(), browser.close()]));

/** The log in Kafka stores records of at most 1,000,000 bytes: this leaves room for the envelope. */
const RECORD_BYTES = 999_000;

const come = (options) => Visitor.come(browser, mill, options);
const enter = async (options) => {
  const person = await come(options);
  await person.signsIn(mill.token);
  return person;
};

operating(mill, await enter());
const seen = {};
test("a mill in which every page has something to show", async () => Object.assign(seen, await prepare(mill)));
looking(enter, seen, { withPictures: false });
byRole(mill, come, seen);
hostile(mill, enter, { limit: "8MiB", bytes: RECORD_BYTES });
