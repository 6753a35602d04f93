const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** True when JSON text opens more than `max` objects and arrays inside each other. The text need not be valid. */
export function isNestedTooDeep(json: Uint8Array, max: number): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (byte === QUOTE) {
      i++;
      for (;;) {
        const inside = json[i];
        if (inside === QUOTE || inside === undefined) break;
        i += inside === BACKSLASH ? 2 : 1;
      }
      // { and [ differ from } and ] in the same way from each other: 0x5b, 0x7b open, 0x5d, 0x7d close.
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth > max) return true;
    } else if ((byte | 0x20) === 0x7d) depth--;
  }
  return false;
}
