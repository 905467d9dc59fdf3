// A mill in one process, with a fresh data folder, without tokens.
import { join } from "node:path";
import { Mill, folder } from "./mill.js";
import { ready, role } from "./role.js";

export const startEmbedded = async () => {
  const at = await folder();
  const { process, origin } = await role(["dev", "--data", join(at, "data"), "--listen", "127.0.0.1:0"]);
  await ready(origin);
  return new Mill({ origin, at, parts: [process], profile: "embedded" });
};
