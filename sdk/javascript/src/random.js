// Random numbers from the host's own source, fit for keys, for job types that are granted it (`grants.random`). In a
// handler that imports this, `Math.random` works, too.

import * as host from "#host/random";

/** As much as the host gives in one call. */
const CALL_BYTES_MAX = 65536;

/** So many random bytes. */
export function bytes(count) {
  const all = new Uint8Array(count);
  for (let at = 0; at < count; at += CALL_BYTES_MAX) all.set(host.bytes(Math.min(count - at, CALL_BYTES_MAX)), at);
  return all;
}

/** A number from 0 up to, but not, 1, with 53 random bits. */
export function number() {
  const drawn = bytes(7);
  return drawn.reduceRight((sum, byte, at) => sum * 256 + (at === 6 ? byte & 0x1f : byte), 0) / 2 ** 53;
}

/** A random UUID of version 4 (RFC 9562). */
export function uuid() {
  const drawn = bytes(16);
  drawn[6] = (drawn[6] & 0x0f) | 0x40;
  drawn[8] = (drawn[8] & 0x3f) | 0x80;
  const text = Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
