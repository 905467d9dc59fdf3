// The stand-in for `wasmill:job/random`: what it gives follows from the job's `seed`, by SplitMix64 (Steele, Lea and Flood
// 2014, https://doi.org/10.1145/2714064.2660195).

import { current } from "../running.js";

const U64 = (number) => BigInt.asUintN(64, number);

function draw() {
  const running = current();
  running.drawn += 1n;
  let mixed = U64(BigInt(running.job.seed) + running.drawn * 0x9e3779b97f4a7c15n);
  mixed = U64((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = U64((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}

export function bytes(count) {
  const drawn = new Uint8Array(Math.ceil(count / 8) * 8);
  const view = new DataView(drawn.buffer);
  for (let at = 0; at < drawn.length; at += 8) view.setBigUint64(at, draw(), true);
  return drawn.slice(0, count);
}
