// BullMQ on a given Redis, as a peer to measure beside: no-op jobs, native handlers. Prints one line of JSON.
//
//   node bullmq.js drain URL JOBS CONCURRENCY PROCESSES   a backlog is enqueued, then drained
//   node bullmq.js latency URL PER_SECOND SECONDS         from enqueue to start, at a steady rate, in one process
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

const QUEUE = "bench";
// The payload is as large as in the other benches, and finished jobs are not kept: BullMQ's cheapest way.
const PAYLOAD = { filler: "x".repeat(185) };
const OPTIONS = { removeOnComplete: true, removeOnFail: true };
const BATCH = 500;
const BATCHES_AT_ONCE = 4;
const REPORT_EVERY_MS = 20;

const [mode, url, ...numbers] = process.argv.slice(2);
const connection = () => new Redis(url, { maxRetriesPerRequest: null });

// Commands that clients send, by name: each is a request on the wire, and an answer that something waits for.
let sent = 0;
const send = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function (...words) {
  sent += 1;
  return send.apply(this, words);
};

const modes = { drain, latency, "drain-worker": drainWorker };
await modes[mode](...numbers.map(Number));

async function drain(jobs, concurrency, processes) {
  const watcher = connection();
  const queue = new Queue(QUEUE, { connection: connection() });
  await queue.waitUntilReady();
  const enqueueSeconds = await enqueue(queue, jobs);

  const workers = [];
  const reports = [];
  for (let number = 0; number < processes; number += 1) {
    const args = ["drain-worker", url, String(concurrency)];
    workers.push(fork(fileURLToPath(import.meta.url), args));
  }
  await Promise.all(workers.map((worker) => new Promise((ready) => worker.once("message", ready))));
  await watcher.config("RESETSTAT");
  const readsBefore = await field(watcher, "stats", "total_reads_processed");
  const began = performance.now();
  await new Promise((drained) => {
    workers.forEach((worker, number) => {
      worker.on("message", (report) => {
        reports[number] = report;
        if (reports.reduce((sum, { done }) => sum + done, 0) >= jobs) drained();
      });
      worker.send("go");
    });
  });
  const drainSeconds = (performance.now() - began) / 1000;
  const calls = await commandCalls(watcher);
  const reads = (await field(watcher, "stats", "total_reads_processed")) - readsBefore;
  const inDrain = reports.reduce((sum, report) => sum + report.sent, 0);
  workers.forEach((worker) => worker.kill());
  print({
    jobs,
    concurrency,
    processes,
    enqueue_per_second: jobs / enqueueSeconds,
    drain_per_second: jobs / drainSeconds,
    // Everything Redis executed while the backlog was drained, the calls inside scripts included.
    drain_commands_per_job: calls / jobs,
    // One answer is awaited per bulk when enqueuing, one per command when draining.
    round_trips_per_job: (inDrain + Math.ceil(jobs / BATCH)) / jobs,
    drain_socket_reads_per_job: reads / jobs,
    enqueue_commands_per_job: await enqueueCommands(watcher, queue),
  });
  await queue.close();
  process.exit(0);
}

// Seconds that it took to enqueue so many jobs in bulks.
async function enqueue(queue, jobs) {
  const began = performance.now();
  let left = jobs;
  const producer = async () => {
    while (left > 0) {
      const size = Math.min(BATCH, left);
      left -= size;
      await queue.addBulk(Array.from({ length: size }, () => ({ name: "noop", data: PAYLOAD, opts: OPTIONS })));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, producer));
  return (performance.now() - began) / 1000;
}

// Commands that one enqueue costs, measured on jobs that nobody drains.
async function enqueueCommands(watcher, queue) {
  await watcher.config("RESETSTAT");
  await enqueue(queue, 10 * BATCH);
  return (await commandCalls(watcher)) / (10 * BATCH);
}

// One process of workers: says when it is ready, begins when told to, and reports how far it is.
async function drainWorker(concurrency) {
  let done = 0;
  const worker = new Worker(QUEUE, async () => { done += 1; }, { connection: connection(), concurrency, autorun: false });
  await worker.waitUntilReady();
  process.on("disconnect", () => process.exit());
  process.on("message", () => {
    sent = 0;
    worker.run();
    setInterval(() => process.send({ done, sent }), REPORT_EVERY_MS);
  });
  process.send("ready");
}

async function latency(perSecond, seconds) {
  const waits = [];
  const queue = new Queue(QUEUE, { connection: connection() });
  const worker = new Worker(
    QUEUE,
    async (job) => { waits.push(performance.now() - job.data.sent); },
    { connection: connection(), concurrency: 10 },
  );
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  const jobs = perSecond * seconds;
  const began = performance.now();
  let sentJobs = 0;
  await new Promise((over) => {
    const tick = setInterval(() => {
      const due = Math.min(jobs, Math.floor(((performance.now() - began) / 1000) * perSecond));
      for (; sentJobs < due; sentJobs += 1) {
        queue.add("noop", { ...PAYLOAD, sent: performance.now() }, OPTIONS);
      }
      if (sentJobs === jobs && waits.length >= jobs) {
        clearInterval(tick);
        over();
      }
    }, 1);
  });
  waits.sort((a, b) => a - b);
  const at = (share) => waits[Math.floor((waits.length - 1) * share)];
  print({ jobs, per_second: perSecond, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) });
  process.exit(0);
}

async function commandCalls(redis) {
  const info = await redis.info("commandstats");
  return [...info.matchAll(/^cmdstat_(?!config|info)[^:]*:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

async function field(redis, section, name) {
  return Number((await redis.info(section)).match(new RegExp(`^${name}:(\\d+)`, "m"))[1]);
}

function print(figures) {
  console.log(JSON.stringify(figures));
}
