// What a person does with a mill in a day: deploys, routes, watches, breaks it, finds out why, goes back, redrives, pauses,
// cancels. By the commands of the binary where an operator types, and at the pages where one looks and presses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../mill/until.js";
import { moved, note, shows } from "../page/numbers.js";

const GREET = `
[type.greet]
owner = "front"
handlers = [{ module = "hello@1.0.0" }]
flow = { rate = "2000/s", concurrency = 8 }
[type."mail.send"]
handlers = [{ module = "hello@1.0.0" }]
`;
const BROKEN = `
[type.greet]
handlers = [{ module = "reject@1.0.0" }]
`;

const GREETINGS = 300;
/** Letters whose errors differ by a number only. */
const USERS = [17, 18, 19];

/** `person` is a visitor who may do everything. */
export const operating = (mill, person) => {
  const { page } = person;

  test("an empty mill says what to do next", async () => {
    await person.goes("/console");
    assert.match(await person.text(), /wasmill deploy/);
    await person.goes("/console/modules");
    assert.match(await person.text(), /There are no modules/);
    await person.goes("/console/history");
    assert.match(await person.text(), /Nothing was applied yet/);
  });

  test("what is deployed and routed is on the pages", async () => {
    await mill.deploy("hello");
    await mill.apply(GREET, "greets");
    await person.goes("/console/modules");
    await person.sees("tr", /hello@1\.0\.0/);
    await person.goes("/console/types");
    await person.follows("greet");
    assert.match(await person.text(), /Mode\s+live/);
    assert.match(await person.text(), /front/);
    await person.goes("/console/history/1");
    assert.match(await person.text(), /greets/);
    await person.goes("/console/queues");
    await person.sees("tr", /default/);
  });

  test("numbers change while the overview is looked at", async () => {
    await person.goes("/console");
    await person.sees("[data-fresh=steps]", /No job has come yet/);
    await person.sees("#stream-state", "Numbers are live.");
    await note(person);
    await mill.enqueueAll("greet", Array.from({ length: GREETINGS }, (_, number) => ({ name: `Ada ${number}` })));
    // What lasts: a rate is that of a second, which a busy browser may not be told.
    await moved(person, "sandbox.run.p50", "–");
    await page.locator("[data-fresh=steps]").filter({ hasText: "No job has come yet" }).waitFor({ state: "detached" });
    for (const what of ["accepted", "completed"]) {
      const line = page.locator(`[data-line="line.${what}"]`);
      const heights = async () => (await line.getAttribute("points")).split(" ").map((point) => point.split(",")[1]);
      await until(`the line of ${what} jobs rises`, async () => new Set(await heights()).size > 1);
    }
    await page.keyboard.press("p");
    await person.sees("#stream-state", "Numbers are held; press p to go on.");
    await page.keyboard.press("p");
    await person.sees("#stream-state", "Numbers are live.");
  });

  test("workers tell what they ran, and the pages how long it took", async () => {
    await until("a worker has told what ended", async () => {
      await person.goes("/console/workers");
      return /greet[^]*done/.test(await person.text());
    });
    await until("the mill knows how long jobs took", async () => {
      await person.goes("/console/types/greet");
      return /[\d.]+ · [\d.]+ · [\d.]+ \S+\s*run p50/.test(await person.text());
    });
  });

  test("a handler that fails is seen: on the overview, by error, on the job", async () => {
    // One of these that still waits would run on the handler that fails.
    await until("all greetings are completed", async () => {
      const { types } = JSON.parse(await mill.tell(["status", "--json"]));
      return types.find(({ type }) => type === "greet").completed === GREETINGS;
    });
    await mill.deploy("reject");
    await mill.apply(BROKEN, "a mistake");
    await person.goes("/console");
    await note(person);
    await mill.enqueueAll("greet", USERS.map((user) => ({ message: `no user ${user}` })));
    await shows(person, "dead.count", "3");
    await shows(person, "dead.badge", "3");
    await person.follows("Dead letters 3");
    const group = page.locator("tr", { hasText: "rejected: no user #" });
    assert.match(await group.innerText(), /greet[\s\S]*\b3\b/);
    await page.locator("tr", { hasText: "no user 18" }).getByRole("link").first().click();
    await page.waitForURL(/\/console\/jobs\/greet\//);
    assert.match(await page.getByLabel("Error").innerText(), /no user 18/);
    assert.match(await page.locator('pre[aria-label="Payload"]').innerText(), /"message": "no user 18"/);
    assert.match(await person.text(), /wasmill run reject\.wasm/);
  });

  test("going back to the revision before shows first what that changes", async () => {
    await person.goes("/console/history");
    await person.follows("1", page.locator("main"));
    const back = page.locator("section", { has: page.locator("#back") });
    assert.match(await back.innerText(), /reject@1\.0\.0 \(.*\) → hello@1\.0\.0/);
    await person.presses("Go back to revision 1");
    assert.equal(await person.flash(), "Revision 3 says what revision 1 said.");
    await person.sees("tr", /3 \(in force\)/);
  });

  test("letters are redriven after a preview", async () => {
    await mill.followed();
    // Letters that the queue still owes the log wait; the preview says so.
    await until("all letters can be redriven", async () => {
      await person.goes("/console/dead");
      await person.follows("Redrive …");
      return /^3 jobs will run again/m.test(await person.text());
    });
    await person.presses("Redrive 3 letters");
    assert.equal(await person.flash(), "Redriven: 3.");
    await note(person);
    await shows(person, "dead.badge", "");
    await person.goes("/console/types/greet");
    await person.sees(".tiles li", /^303\s*completed/);
  });

  test("a type is paused and resumed from its page; a job that waits is cancelled", async () => {
    await person.goes("/console/types/mail.send");
    await person.presses("Pause");
    assert.match(await person.flash(), /^mail\.send is paused since revision 4/);
    await mill.followed();
    for (const name of ["Ada", "Grace", "Mary"]) await mill.enqueue("mail.send", JSON.stringify({ name }));
    await person.sees(".tiles li", /^3\s*pending/);
    await person.follows("pending");
    await page.locator("tbody tr").first().getByRole("link").first().click();
    await page.waitForURL(/\/console\/jobs\/mail\.send\//);
    const id = page.url().split("/").at(-1);
    await person.presses("Cancel");
    assert.match(await person.flash(), /^The job is cancel/);
    await mill.reaches("mail.send", id, "cancelled");
    await person.goes("/console/types/mail.send");
    await person.presses("Resume: live");
    await person.sees(".tiles li", /^2\s*completed/);
  });

  test("a job is found by its id", async () => {
    const id = await mill.enqueue("greet", '{"name":"Joan"}');
    await mill.reaches("greet", id, "completed");
    await person.goes("/console");
    await page.keyboard.press("/");
    await page.keyboard.type(id);
    await Promise.all([page.waitForURL(`**/console/jobs/greet/${id}`), page.keyboard.press("Enter")]);
    assert.match(await page.locator('pre[aria-label="Output"]').innerText(), /Hello, Joan!/);
  });

  test("nothing went wrong in the browser meanwhile", () => person.faults.none());
};
