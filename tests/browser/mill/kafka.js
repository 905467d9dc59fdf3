// A real Kafka with one broker, as tests/kafka/run starts it.
import { fileURLToPath } from "node:url";
import { Process } from "./process.js";

const RUN = fileURLToPath(new URL("../../kafka/run", import.meta.url));

export const startKafka = async () => {
  const kafka = new Process(RUN, []);
  const [, bootstrap] = await kafka.says(/bootstrap: (\S+)/);
  return { process: kafka, bootstrap };
};
