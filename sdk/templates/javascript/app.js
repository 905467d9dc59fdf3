// Welcomes somebody: {"email": "ada@example.org"} becomes {"subject": "Welcome, ada!"}.

import { Reject, handler, log } from "@wasmill/sdk";

export default handler((job) => {
  const [name, domain] = job.email.split("@");
  if (domain === undefined) throw new Reject(`\`${job.email}\` is no address`);
  log.info(`writing to ${job.email}`);
  return { subject: `Welcome, ${name}!` };
});
