// What whoever may less sees: by role, and by job type.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TROUBLES, everyPage } from "../page/every.js";
import { picture } from "../page/picture.js";

const buttons = (person) => person.page.locator("main form[method=post] button, main a.button").allInnerTexts();

/** `come` answers a visitor who has not signed in. */
export const byRole = (mill, come, seen) => {
  const pages = () => everyPage(seen);
  const names = /greet|mail\.send|night\.report|retry\.later|talk|no user|hello@|reject@/;

  const enters = async (name, roles, types) => {
    const person = await come();
    await person.signsIn(await mill.tokenFor(name, roles, types));
    return person;
  };

  test("nobody sees a page without signing in, and a wrong token opens none", async () => {
    const person = await come();
    for (const [, path] of pages()) {
      await person.goes(path);
      assert.match(person.page.url(), /\/console\/sign-in/, path);
      assert.doesNotMatch(await person.text(), names);
    }
    await picture(person, "sign-in");
    await person.signsIn("wm_wrong", 401);
    assert.match(await person.flash(), /token/i);
    await picture(person, "sign-in-refused");
    await person.leaves();
  });

  test("a token that may only enqueue gets no page", async () => {
    const person = await come();
    await person.signsIn(await mill.tokenFor("app", ["enqueue"]), 403);
    for (const [name, path] of [...pages(), ...TROUBLES]) {
      // It may look at single jobs by the API, not at the pages.
      await person.goes(path, 403);
      assert.doesNotMatch(await person.text(), names, path);
      if (name === "overview") await picture(person, "forbidden");
    }
    // The policy of that page allows its style by a hash, which has to be that of the style.
    const style = await person.page.locator("main").evaluate((main) => getComputedStyle(main).maxWidth);
    assert.notEqual(style, "none");
    await person.leaves();
  });

  test("a token that may only read sees no payload, and has no button", async () => {
    const person = await enters("reader", ["read"]);
    for (const [name, path] of pages()) {
      // A preview tells what lists tell, and has no button here.
      await person.goes(path, name.startsWith("job-") ? 403 : 200);
      assert.deepEqual(await buttons(person), [], path);
      assert.doesNotMatch(await person.text(), /"message"|"name"/, `${path}: no payload`);
    }
    await person.leaves();
  });

  test("a token for one job type sees only that", async () => {
    const person = await enters("front", ["read", "operate", "deploy"], ["greet"]);
    for (const [, path] of pages()) {
      await person.goes(path, /night\.report|retry\.later|mail\.send/.test(path) ? 403 : 200);
      // What was asked for may be named in the refusal, and nothing else of others.
      const text = await person.text();
      const told = ["night.report", "retry.later", "mail.send", "talk", "no user"].filter((name) => text.includes(name));
      // Messages of revisions are for everybody, and tell which type was paused.
      if (path !== "/console/history") assert.deepEqual(told.filter((name) => !path.includes(name)), [], path);
    }
    await person.goes("/console/types");
    assert.deepEqual(await person.page.locator("tbody th").allInnerTexts(), ["greet"]);
    assert.ok((await person.text()).includes("1 job type"));
    await picture(person, "scoped-types");
    await person.leaves();
  });

  test("whoever signs out has left", async () => {
    const person = await enters("leaver", ["read"]);
    await person.goes("/console/types");
    assert.match(await person.page.locator("footer").innerText(), /Signed in as leaver/);
    await person.presses("Sign out");
    assert.match(person.page.url(), /\/console\/sign-in$/);
    await person.goes("/console/types");
    assert.match(person.page.url(), /\/console\/sign-in/);
    await person.leaves();
  });

  test("without a script one signs in and out, too", async () => {
    const person = await come({ javaScriptEnabled: false });
    await person.signsIn(mill.token);
    assert.match(await person.text(), /Pipeline/);
    await person.presses("Sign out");
    assert.match(person.page.url(), /\/console\/sign-in$/);
    await person.leaves();
  });
};
