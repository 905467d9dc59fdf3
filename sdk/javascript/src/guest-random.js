// In a guest: random numbers from the host, or a sentence that says how to get them. The engine's own would be the same
// in every job, since their seed is part of the module.

/** Makes `Math.random` and `crypto` ask `random`; without it they throw. */
export function install(random) {
  Math.random = () => (random ? random.number() : refused());
  globalThis.crypto = {
    getRandomValues: (target) => (random ? filled(target, random) : refused()),
    randomUUID: () => (random ? random.uuid() : refused()),
  };
}

function filled(target, random) {
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(random.bytes(target.byteLength));
  return target;
}

function refused() {
  throw new Error('a handler has random numbers only if it imports `random` of "@wasmill/sdk", and its type is granted it');
}
