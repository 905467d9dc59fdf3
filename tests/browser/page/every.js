// Every page of the console, with a name for its picture, once a mill has jobs in every state.

/** `seen` names a job of each kind: what `prepare` of steps/prepare.js answers. */
export const everyPage = (seen) => [
  ["overview", "/console"],
  ["types", "/console/types"],
  ["type", "/console/types/greet"],
  ["type-week", "/console/types/greet?range=7d"],
  ["type-paused", "/console/types/night.report"],
  ["queues", "/console/queues"],
  ["jobs-pending", "/console/jobs"],
  ["jobs-completed", "/console/jobs?state=completed"],
  ["jobs-parked", "/console/jobs?state=parked"],
  ["jobs-dead", "/console/jobs?state=dead"],
  ["jobs-of-type", "/console/jobs?state=completed&type=greet"],
  ["job-completed", `/console/jobs/greet/${seen.completed}`],
  ["job-pending", `/console/jobs/night.report/${seen.pending}`],
  ["job-scheduled", `/console/jobs/retry.later/${seen.scheduled}`],
  ["job-retried", `/console/jobs/retry.later/${seen.retried}`],
  ["job-dead", `/console/jobs/mail.send/${seen.dead}`],
  ["dead", "/console/dead"],
  ["dead-error", "/console/dead?type=mail.send&code=rejected&error=no+user+%23"],
  ["dead-redrive", "/console/dead/preview?act=redrive&type=mail.send&code=rejected&error=no+user+%23"],
  ["dead-purge", "/console/dead/preview?act=purge&type=mail.send&code=rejected&error=no+user+%23"],
  ["workers", "/console/workers"],
  ["modules", "/console/modules"],
  ["module-versions", "/console/modules/of/hello"],
  ["history", "/console/history"],
  ["revision", "/console/history/1"],
];

/** Pages that say why there is none. */
export const TROUBLES = [
  ["no-type", "/console/types/nobody", 404],
  ["no-job", "/console/jobs?id=0190163d-8694-8001-8000-64c2f1a0b3d5", 404],
  ["no-revision", "/console/history/9999", 404],
];
