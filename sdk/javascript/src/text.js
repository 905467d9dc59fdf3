// UTF-8, both ways: the engine in a guest has neither TextDecoder nor TextEncoder.

/** Code units in one call of fromCharCode: engines limit the arguments of a call. */
const CHUNK = 4096;

/** The text that these bytes are. Bytes that are no UTF-8 are a TypeError. */
export function decode(bytes) {
  let text = "";
  let units = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at];
    if (first < 0x80) {
      units.push(first);
      at += 1;
    } else {
      const [point, length] = sequence(bytes, at, first);
      if (point > 0xffff) units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
      else units.push(point);
      at += length;
    }
    if (units.length >= CHUNK) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

/** The code point that begins here, and how many bytes it takes (Unicode 15, table 3-7). */
function sequence(bytes, at, first) {
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let point = first & (0xff >> (length + 1));
  for (let next = at + 1; next < at + length; next += 1) {
    if ((bytes[next] & 0xc0) !== 0x80) throw invalid(at);
    point = (point << 6) | (bytes[next] & 0x3f);
  }
  const smallest = [0, 0, 0x80, 0x800, 0x10000][length];
  if (first < 0xc2 || first > 0xf4 || point < smallest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
    throw invalid(at);
  }
  return [point, length];
}

function invalid(at) {
  return new TypeError(`no UTF-8 at byte ${at}`);
}

/** The bytes of a text. Halves of surrogate pairs become U+FFFD. */
export function encode(text) {
  const bytes = new Uint8Array(text.length * 3);
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    let point = text.charCodeAt(at);
    if (point >= 0xd800 && point < 0xe000) {
      const whole = text.codePointAt(at);
      if (whole > 0xffff) at += 1;
      point = whole > 0xffff ? whole : 0xfffd;
    }
    if (point < 0x80) bytes[end++] = point;
    else if (point < 0x800) {
      bytes[end++] = 0xc0 | (point >> 6);
      bytes[end++] = 0x80 | (point & 0x3f);
    } else if (point < 0x10000) {
      bytes[end++] = 0xe0 | (point >> 12);
      bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[end++] = 0x80 | (point & 0x3f);
    } else {
      bytes[end++] = 0xf0 | (point >> 18);
      bytes[end++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[end++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[end++] = 0x80 | (point & 0x3f);
    }
  }
  return bytes.slice(0, end);
}

/** Bytes as they are, or those of a text. */
export function bytesOf(body) {
  if (typeof body === "string") return encode(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError("a body is a text or a Uint8Array; `json` takes any value");
}
