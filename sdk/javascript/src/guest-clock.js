// In a guest: the time of day from the host, or a sentence that says how to get it. The engine's own clock is stubbed.

const EngineDate = globalThis.Date;

/** Makes `Date` and `performance.now` ask these; without them they throw. */
export function install(clock) {
  const nowMs = () => (clock ? clock.nowMs() : refused());
  globalThis.Date = class Date extends EngineDate {
    constructor(...parts) {
      super(...(parts.length === 0 ? [nowMs()] : parts));
    }

    static now() {
      return nowMs();
    }
  };
  globalThis.performance = { now: () => (clock ? clock.monotonicUs() / 1000 : refused()) };
}

function refused() {
  throw new Error('a handler has the time only if it imports `clock` of "@wasmill/sdk", and its type is granted it');
}
