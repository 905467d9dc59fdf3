// Without a script: every page can be read, and the forms work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everyPage } from "../page/every.js";

export const plainly = (come, seen) => {
  test("without a script every page can be read, and nothing waits for one", async () => {
    const person = await come({ javaScriptEnabled: false });
    for (const [, path] of everyPage(seen)) {
      await person.goes(path);
      assert.notEqual((await person.text()).trim(), "", path);
      assert.equal(await person.page.locator(".script-only:visible").count(), 0, `${path}: what only a script can do`);
    }
    await person.leaves();
  });

  test("without a script forms pause, resume, filter, find, and go back", async () => {
    const person = await come({ javaScriptEnabled: false });
    await person.goes("/console/types/talk");
    await person.presses("Pause");
    assert.match(await person.flash(), /^talk is paused since revision \d+\.$/);
    await person.presses("Resume: live");
    assert.match(await person.flash(), /^talk is live since revision \d+\.$/);

    await person.goes("/console/jobs");
    await person.page.getByLabel("State").selectOption("completed");
    await person.page.getByLabel("Job type").fill("talk");
    await person.presses("Show");
    assert.equal(await person.page.locator("tbody tr").count(), 1);
    await person.follows(seen.talked);
    assert.match(await person.text(), /talk/);

    await person.page.getByLabel("Job id").fill(seen.dead);
    await person.presses("Find");
    assert.ok(person.page.url().endsWith(`/console/jobs/mail.send/${seen.dead}`));
    await person.goes("/console/history/1");
    assert.match(await person.text(), /which is in force, this would change|This revision is in force/);
    await person.leaves();
  });
};
