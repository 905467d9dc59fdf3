// What a handler may use. The contract behind it is `wit/job.wit`; in tests `@wasmill/sdk/testing` stands in for the host.
export * as clock from "./clock.js";
export * as config from "./config.js";
export * as context from "./context.js";
export * as emit from "./emit.js";
export { Reject, Retry } from "./failure.js";
export { handler } from "./handler.js";
export * as http from "./http.js";
export * as log from "./log.js";
export * as random from "./random.js";
export * as secrets from "./secrets.js";
