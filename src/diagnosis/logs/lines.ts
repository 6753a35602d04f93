/** A line of a log as patterns see it: escapes of colours removed, JSON unwrapped. */
export interface TextLine {
  readonly text: string;
  /** Index of the line that it came from. */
  readonly index: number;
  /** Written at a level that reports no failure. */
  readonly isInformation: boolean;
}

/** Colours as the terminal gets them, and as sanitising shows them. */
const COLOUR = /(?:\u001b|\\u\{1b\})\[[0-9;]{0,20}[A-Za-z]/g;

/** Text for the patterns, one or more per line: a stack inside a JSON record becomes lines of its own. */
export function textLines(lines: readonly string[]): readonly TextLine[] {
  return lines.flatMap((line, index) => {
    const plain = line.includes('[') ? line.replace(COLOUR, '') : line;
    const record = plain.startsWith('{') ? jsonRecord(plain) : undefined;
    const isInformation = record ? isInformationLevel(record.level) : hasInformationMark(plain);
    const texts = record ? record.text.split(/\r?\n/) : [plain.replaceAll('\\"', '"')];
    return texts.map((text) => ({ text: text.trimEnd(), index, isInformation }));
  });
}

const MESSAGE_KEYS = ['message', 'msg', '@message', '@m', '@mt', 'log', 'event', 'short_message'];
const CAUSE_KEYS = ['error', 'err', 'exception', '@x', 'cause', 'reason', 'details'];
const STACK_KEYS = ['stack', 'stack_trace', 'stacktrace', 'stackTrace', 'exc_info', 'traceback'];
const LEVEL_KEYS = ['level', 'severity', 'lvl', 'levelname', '@l', 'log.level', 's'];

function jsonRecord(line: string): { text: string; level: unknown } | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    // Cut off, or not JSON after all; the patterns read it as it is.
    return undefined;
  }
  if (record === null || typeof record !== 'object' || Array.isArray(record)) return undefined;
  const fields = record as Record<string, unknown>;
  const causes = CAUSE_KEYS.flatMap((key) => causeTexts(fields[key]));
  const messages = MESSAGE_KEYS.flatMap((key) => (typeof fields[key] === 'string' ? [fields[key]] : []));
  const stacks = STACK_KEYS.flatMap((key) => (typeof fields[key] === 'string' ? [fields[key]] : []));
  if (messages.length + causes.length + stacks.length === 0) return undefined;
  const said = [...messages, ...causes].filter((text) => text !== '').join(': ');
  const level = LEVEL_KEYS.map((key) => fields[key]).find((value) => value !== undefined);
  return { text: [said, ...stacks].filter((text) => text !== '').join('\n'), level };
}

function causeTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  const { message, stack, code } = value as Record<string, unknown>;
  return [stack ?? message ?? code].filter((part) => typeof part === 'string');
}

function isInformationLevel(level: unknown): boolean {
  // 10, 20 and 30 are how bunyan and pino count up to info.
  return typeof level === 'number'
    ? level <= 30
    : typeof level === 'string' && /^(?:info|debug|trace|information|verbose|i|d)/i.test(level);
}

/** `level=info`, `[INFO]`, `INFO `, and klog's `I0601 12:00:00`. */
function hasInformationMark(line: string): boolean {
  const start = line.slice(0, 90);
  return (
    /\b(?:level|lvl|severity)="?(?:info|debug|trace)\b/i.test(start) ||
    /(?:^|[\s[|])(?:INFO|DEBUG|TRACE)(?=[\s\]:|])/.test(start) ||
    /^[ID]\d{4} \d\d:/.test(start)
  );
}

/** A line written at a level that reports a failure, or that says so itself. */
export function isFailureLine(line: string): boolean {
  const text = textLines([line]);
  if (text.some((t) => t.isInformation)) return false;
  return text.some(
    (t) =>
      /(?:^|[\s[|"=(])(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|error|fatal|critical|Error|Fatal)(?=[\s\]:|",)])/.test(
        t.text,
      ) ||
      /^[EF]\d{4} \d\d:/.test(t.text) ||
      /\b\w{2,60}(?:Exception|Error): /.test(t.text),
  );
}
