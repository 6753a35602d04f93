import { groupOf, type CatalogueId } from '../../domain/index.ts';
import { addressesIn, type LogAddress } from './addresses.ts';
import { textLines, type TextLine } from './lines.ts';
import type { LogPattern } from './pattern.ts';
import { patterns } from './patterns/index.ts';
import { crashAt, isStackLine } from './stack.ts';

/** The line of a log that tells why the program failed. */
export interface LogMatch {
  readonly pattern: LogPattern;
  readonly rule: CatalogueId;
  /** The line as the log holds it, and its index. */
  readonly line: string;
  readonly index: number;
  /** The line as the pattern saw it. */
  readonly text: string;
  /** What stands above it, for wordings of two lines. */
  readonly above: string;
  readonly groups: Readonly<Record<string, string>>;
  /** Addresses on the line, else on its neighbours. */
  readonly addresses: readonly LogAddress[];
  /** Lines of the log with the same wording. */
  readonly count: number;
  /** For a crash: what it says and where in the program's own code. */
  readonly detail?: string;
  readonly frame?: string;
}

/** Lines before the end that can hold the cause: what is older was survived. Frames of stacks do not count. */
const RECENT = 300;
/** A crash is the end of a program; only a few words of farewell follow it. */
const FAREWELL = 20;

/** Words of a program that reached what it needed. */
const SUCCESS =
  /\b(?:(?:re)?connected(?: to)?\b|connection (?:established|restored|succeeded|successful)|successfully connected|listening (?:on|at|for)|server (?:is )?(?:started|running|ready)|started (?:\w+ ){1,4}in [\d.]+ ?(?:seconds|ms|s)\b|ready (?:to|for) |startup complete|is (?:now )?ready\b|^ready\b)/i;
const NO_SUCCESS = /\b(?:not|n't|cannot|fail\w*|unable|error|disconnected|waiting|until|refused|retry\w*|could)\b/i;

/** Failures that a later success of the same program disproves. */
function isOvercomeBySuccess(rule: CatalogueId): boolean {
  return groupOf(rule) === 'dns' || rule.startsWith('log/connection-');
}

/**
 * The line that tells the cause, or undefined where none does. Of several the last wins; a crash gives way to what its
 * own stack says, and a line at information level to any other.
 */
export function matchLog(lines: readonly string[]): LogMatch | undefined {
  const texts = textLines(lines);
  const log = { lines, texts, plain: texts.map((t) => t.text) };
  let success: string | undefined;
  let crash: Candidate | undefined;
  let aside: Candidate | undefined;
  let counted = 0;
  for (let i = texts.length - 1; i >= 0 && counted < RECENT; i--) {
    const line = texts[i] as TextLine;
    // Behind the head of a crash only its own stack can say more.
    if (crash && !isStackLine(line.text) && !isStackLine(texts[i + 1]?.text ?? '')) break;
    const found = recognise(log, i);
    if (!isStackLine(line.text)) counted++;
    if (!found) {
      if (SUCCESS.test(line.text) && !NO_SUCCESS.test(line.text)) success = line.text;
      continue;
    }
    if (success !== undefined && isOvercomeBySuccess(found.pattern.rule) && !isAboutAnother(success, found)) continue;
    if (found.pattern.rule === 'log/panic') {
      if (!crash && counted <= FAREWELL + 1) crash = found;
    } else if (line.isInformation) aside ??= found;
    else return complete(log, found);
  }
  const best = crash ?? aside;
  return best && complete(log, best);
}

interface Log {
  readonly lines: readonly string[];
  readonly texts: readonly TextLine[];
  readonly plain: readonly string[];
}

interface Candidate {
  readonly pattern: LogPattern;
  readonly at: number;
  readonly groups: Readonly<Record<string, string>>;
}

/** The first wording that fits a line of text; undefined for most lines. */
export function recogniseText(text: string): { pattern: LogPattern; groups: Record<string, string> } | undefined {
  for (const pattern of patterns) {
    const found = pattern.find.exec(text);
    if (!found || pattern.unless?.test(text) === true) continue;
    if (pattern.needsAddress === true && addressesIn(text).length === 0) continue;
    return { pattern, groups: named(found) };
  }
  return undefined;
}

function recognise({ texts, plain }: Log, at: number): Candidate | undefined {
  const found = recogniseText(plain[at] ?? '');
  if (!found) return undefined;
  const hasFrames = () => plain.slice(at + 1, at + 6).some((text) => /^\s+at /.test(text));
  if (found.pattern.needsFrames === true && !hasFrames()) return undefined;
  return texts[at] ? { ...found, at } : undefined;
}

function named(found: RegExpExecArray): Record<string, string> {
  const groups = Object.entries((found.groups ?? {}) as Record<string, string | undefined>);
  return Object.fromEntries(groups.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** `connected to redis` says nothing about db. */
function isAboutAnother(success: string, { groups }: Candidate): boolean {
  const to = /\bconnected to (?:the )?(?<what>[\w.-]{2,100})/i.exec(success)?.groups?.what?.toLowerCase();
  const host = groups.host?.toLowerCase();
  return to !== undefined && host !== undefined && /[a-z]/.test(host) && !host.startsWith(to) && !to.startsWith(host);
}

function complete(log: Log, { pattern, at, groups }: Candidate): LogMatch {
  const { index } = log.texts[at] as TextLine;
  const text = log.plain[at] ?? '';
  const crash = pattern.rule === 'log/panic' ? crashAt(log.plain, at) : {};
  const place = groups.file !== undefined && groups.line !== undefined ? `${groups.file}:${groups.line}` : undefined;
  const frame = crash.frame ?? place;
  const detail = crash.detail ?? groups.detail;
  return {
    pattern,
    rule: pattern.rule,
    line: log.lines[index] ?? text,
    index,
    text,
    above: log.plain[at - 1] ?? '',
    groups,
    addresses: addressesNear(log.plain, at, groups),
    count: log.plain.reduce((n, other) => (pattern.find.test(other) ? n + 1 : n), 0),
    ...(detail !== undefined && { detail: detail.trim() }),
    ...(frame !== undefined && { frame }),
  };
}

/** What the wording names comes first, then the line, then what surrounds it. */
function addressesNear(
  texts: readonly string[],
  at: number,
  { host, port }: Readonly<Record<string, string>>,
): readonly LogAddress[] {
  const own: readonly LogAddress[] =
    host === undefined ? [] : [{ host, ...(port !== undefined && { port: Number(port) }) }];
  const onLine = addressesIn(texts[at] ?? '');
  const rest = onLine.filter((a) => a.host !== host);
  if (own.length + rest.length > 0) return [...own, ...rest];
  for (const text of [...around(texts, at, 1), ...around(texts, at, -1)]) {
    const found = addressesIn(text);
    if (found.length > 0) return found;
  }
  return [];
}

/** Neighbours in one direction: the lines of the same stack, or three. */
function around(texts: readonly string[], at: number, step: 1 | -1): readonly string[] {
  const near: string[] = [];
  for (let i = at + step, told = 0; i >= 0 && i < texts.length && told < 6 && Math.abs(i - at) < 120; i += step) {
    const text = texts[i] ?? '';
    if (/^\s+at |^\s+File "|^\s*\.\.\. \d/.test(text)) continue;
    told++;
    if (told <= 3 || isStackLine(text)) near.push(text);
  }
  return near;
}
