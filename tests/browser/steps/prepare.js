// Brings a mill into a state in which every page has something to show, and answers the ids of jobs in each state.
const CATALOG = `
[type.greet]
owner = "front"
handlers = [{ module = "hello@1.0.0", weight = 90 }, { module = "noop@1.0.0", weight = 10 }]
flow = { rate = "2000/s", concurrency = 8, max_pending = 50_000 }

[type."mail.send"]
owner = "growth"
handlers = [{ module = "reject@1.0.0" }]

[type."night.report"]
owner = "books"
handlers = [{ module = "hello@1.0.0" }]
mode = "paused"

[type."retry.later"]
handlers = [{ module = "flaky@1.0.0" }]
limits = { memory = "32MiB", timeout = "5s" }
retry = { attempts = 5, backoff = { first = "1h", max = "2h" } }

[type.talk]
handlers = [{ module = "chatty@1.0.0" }]
`;

/** Letters whose errors differ by a number only. */
const USERS = Array.from({ length: 4 }, (_, user) => user + 17);

export const prepare = async (mill) => {
  for (const guest of ["hello", "noop", "reject", "flaky", "chatty"]) await mill.deploy(guest);
  await mill.apply(CATALOG, "everything that a page can show");
  const json = (value) => JSON.stringify(value);
  const completed = await mill.enqueue("greet", json({ name: "Ada" }));
  const pending = await mill.enqueue("night.report", json({ name: "Grace" }));
  const scheduled = await mill.enqueue("retry.later", json({ failures: 3 }));
  const retried = await mill.enqueue("retry.later", json({ failures: 2, after_ms: 1 }));
  const talked = await mill.enqueue("talk", json({ lines: 12, bytes: 60 }));
  await mill.enqueueAll("mail.send", USERS.map((user) => ({ message: `no user ${user}` })));
  const dead = await mill.enqueue("mail.send", json({ message: "the mailbox is full" }));
  await mill.enqueueAll("greet", Array.from({ length: 4 }, (_, number) => ({ name: `Ada ${number}` })));
  await mill.reaches("greet", completed, "completed");
  await mill.reaches("retry.later", scheduled, "scheduled");
  await mill.reaches("retry.later", retried, "completed");
  await mill.reaches("talk", talked, "completed");
  await mill.reaches("mail.send", dead, "dead");
  return { completed, pending, scheduled, retried, dead, talked };
};
