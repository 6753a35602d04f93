import { MASK, redactLine } from '../../domain/index.ts';

/** Characters of a line that are quoted, at most. */
const MAX = 400;

/** What stands in a line for bytes that the log holds otherwise: masks, escapes, the mark of a cut. */
const REPLACED = new RegExp(
  String.raw`${MASK.source}|\\u\{[0-9a-f]{1,6}\}(?:\[[0-9;]{0,20}m)?|… cut, \d{1,12} bytes omitted$`,
);

/**
 * The part of a line that may be quoted: without secrets, and still to be found in what `kubectl logs` prints. Of a
 * line with masks or escapes in it, the piece that holds `telling`, else the longest.
 */
export function quotable(line: string, telling: string): string {
  const pieces = redactLine(line)
    .split(new RegExp(REPLACED.source, 'g'))
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '');
  const longest = pieces.toSorted((a, b) => b.length - a.length)[0] ?? '';
  const piece = pieces.find((p) => p.includes(telling)) ?? longest;
  if (piece.length <= MAX) return piece;
  const at = piece.indexOf(telling);
  const start = at < 0 ? 0 : Math.max(0, Math.min(at - 80, piece.length - MAX));
  return piece.slice(start, start + MAX).trim();
}
