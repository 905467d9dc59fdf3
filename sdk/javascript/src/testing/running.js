// The job that a test runs, and what its handler did so far. Where a test calls its handler directly, that is the
// default job.

/** The first of three attempts, accepted at the beginning of 2026 and run a second later, with 30 seconds left. */
const DEFAULT = {
  jobId: "0190163d-8694-8001-8000-64c2f1a0b3d5",
  jobType: "test",
  attempt: 1,
  maxAttempts: 3,
  acceptedAt: new Date("2026-01-01T00:00:00Z"),
  deadlineLeftMs: 30_000,
  idempotencyKey: undefined,
  traceparent: undefined,
  config: {},
  secrets: {},
  http: undefined,
  emit: () => {},
  now: new Date("2026-01-01T00:00:01Z"),
  seed: 0,
};

let running = begun({});

function begun(job) {
  const unknown = Object.keys(job).find((name) => !(name in DEFAULT));
  if (unknown !== undefined) throw new TypeError(`a job under test has no \`${unknown}\`; it has ${Object.keys(DEFAULT).join(", ")}`);
  return { job: { ...DEFAULT, ...job }, log: [], requests: [], children: [], drawn: 0n };
}

/** What runs. */
export const current = () => running;

/** Calls `work` while this job runs. Answers what it answers, and what it did. */
export function whileRunning(job, work) {
  const before = running;
  running = begun(job);
  try {
    return { ...work(), running };
  } finally {
    running = before;
  }
}
