import { oneLine } from '../../domain/index.ts';

/** One row of an answer; the arrays are reused for the next one. Times in ms since the epoch. */
export interface Row {
  readonly metric: Readonly<Record<string, string>>;
  readonly count: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export interface Head {
  readonly status: string;
  readonly errorType: string;
  readonly error: string;
  readonly resultType: string;
  readonly warnings: readonly string[];
  /** Values that are no sample: NaN, Inf, negative, unreadable. */
  readonly rejected: number;
}

/** The bytes are not an answer of Prometheus. */
export class NotAnAnswer extends Error {
  override readonly name = 'NotAnAnswer';
}

/** What an open bracket belongs to. */
const enum In {
  Root,
  Data,
  Result,
  Row,
  Metric,
  Values,
  Pair,
  Warnings,
  Other,
}

const MAX_DEPTH = 64;
const MAX_TOKEN = 64 * 1024;
const MAX_TEXTS = 20;

/**
 * Reads an answer of the query API as its bytes arrive: a week of a thousand containers is a hundred megabytes of JSON,
 * of which nothing but numbers is kept. Values become whole numbers of 10^-places, rounded half up once on the text.
 */
export class AnswerParser {
  private readonly stack: In[] = [];
  private key = '';
  private keyExpected = false;
  private rest: Buffer = Buffer.alloc(0);
  private begun = false;
  private metric: Record<string, string> = {};
  private times = new Float64Array(256);
  private values = new Float64Array(256);
  private count = 0;
  private pairAt = 0;
  private time = NaN;
  private rejected = 0;
  private readonly warnings: string[] = [];
  private readonly texts = { status: '', errorType: '', error: '', resultType: '' };

  constructor(
    private readonly read: (text: string) => number | undefined,
    private readonly places: number,
    private readonly onRow: (row: Row) => void,
  ) {}

  /** Takes the next bytes; throws NotAnAnswer. */
  write(chunk: Buffer): void {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    for (;;) {
      const next = this.token(bytes, at);
      if (next < 0) break;
      at = next;
    }
    this.rest = bytes.subarray(at);
    if (this.rest.length > MAX_TOKEN + chunk.length) throw new NotAnAnswer('a text in it is longer than 64 KiB');
  }

  /** What stood around the rows; throws NotAnAnswer when the answer is not whole. */
  end(): Head {
    if (!this.begun) throw new NotAnAnswer('it is empty');
    if (this.stack.length > 0) throw new NotAnAnswer('it ends in the middle');
    return { ...this.texts, warnings: this.warnings, rejected: this.rejected };
  }

  /** The place after the token that begins at `from`; -1 when its end has not arrived. */
  private token(bytes: Buffer, from: number): number {
    let at = from;
    let c = bytes[at];
    while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09 || c === 0x2c || c === 0x3a) c = bytes[++at];
    if (c === undefined) return -1;
    if (!this.begun && c !== 0x7b) throw new NotAnAnswer('it does not begin as JSON');
    if (this.begun && this.stack.length === 0) throw new NotAnAnswer('it goes on after its end');
    if (c === 0x5b || c === 0x7b) {
      const pair = c === 0x5b && this.top() === In.Values ? this.pair(bytes, at) : 0;
      if (pair > 0) return pair;
      this.open(c === 0x7b);
      return at + 1;
    }
    if (c === 0x5d || c === 0x7d) {
      this.close();
      return at + 1;
    }
    return c === 0x22 ? this.string(bytes, at) : this.literal(bytes, at);
  }

  /**
   * `[1700000000,"0.25"]`, the bulk of every answer: digits only, at most nine before the point, and all of it in these bytes. 0 when
   * it looks otherwise; then it is read the long way.
   */
  private pair(bytes: Buffer, from: number): number {
    let at = from + 1;
    let c = bytes[at] ?? 0;
    let seconds = 0;
    let digits = 0;
    while (c >= 0x30 && c <= 0x39) {
      seconds = seconds * 10 + (c - 0x30);
      digits++;
      c = bytes[++at] ?? 0;
    }
    let ms = 0;
    if (c === 0x2e) {
      let unit = 100;
      c = bytes[++at] ?? 0;
      while (c >= 0x30 && c <= 0x39) {
        ms += unit * (c - 0x30);
        unit = unit === 100 ? 10 : unit === 10 ? 1 : 0;
        c = bytes[++at] ?? 0;
      }
    }
    if (digits === 0 || digits > 12 || c !== 0x2c || bytes[at + 1] !== 0x22) return 0;
    at += 2;
    c = bytes[at] ?? 0;
    let value = 0;
    digits = 0;
    while (c >= 0x30 && c <= 0x39) {
      value = value * 10 + (c - 0x30);
      digits++;
      c = bytes[++at] ?? 0;
    }
    let missing = this.places;
    if (digits === 0 || digits + missing > 15) return 0;
    let roundUp = false;
    if (c === 0x2e) {
      c = bytes[++at] ?? 0;
      let isNext = false;
      while (c >= 0x30 && c <= 0x39) {
        if (missing > 0) {
          value = value * 10 + (c - 0x30);
          missing--;
        } else if (!isNext) {
          isNext = true;
          roundUp = c >= 0x35;
        }
        c = bytes[++at] ?? 0;
      }
    }
    if (c !== 0x22 || bytes[at + 1] !== 0x5d) return 0;
    while (missing > 0) {
      value *= 10;
      missing--;
    }
    this.point(seconds * 1000 + ms, roundUp ? value + 1 : value);
    return at + 2;
  }

  private top(): In | undefined {
    return this.stack[this.stack.length - 1];
  }

  private open(isObject: boolean): void {
    const inside = this.inside(isObject);
    this.begun = true;
    if (this.stack.push(inside) > MAX_DEPTH) throw new NotAnAnswer('it is nested too deeply');
    this.keyExpected = isObject;
    if (inside === In.Row) [this.metric, this.count] = [{}, 0];
    if (inside === In.Pair) this.pairAt = 0;
  }

  /** The meaning of the bracket that opens here. */
  private inside(isObject: boolean): In {
    switch (this.top()) {
      case undefined:
        return In.Root;
      case In.Root:
        if (isObject) return this.key === 'data' ? In.Data : In.Other;
        return this.key === 'warnings' ? In.Warnings : In.Other;
      case In.Data:
        return !isObject && this.key === 'result' ? In.Result : In.Other;
      case In.Result:
        return isObject ? In.Row : In.Other;
      case In.Row:
        if (isObject) return this.key === 'metric' ? In.Metric : In.Other;
        return this.key === 'values' ? In.Values : this.key === 'value' ? In.Pair : In.Other;
      case In.Values:
        return isObject ? In.Other : In.Pair;
      default:
        return In.Other;
    }
  }

  private close(): void {
    const closed = this.stack.pop();
    if (closed === In.Row)
      this.onRow({ metric: this.metric, count: this.count, times: this.times, values: this.values });
    // What follows in an object is a key.
    const top = this.top();
    this.keyExpected = top === In.Root || top === In.Data || top === In.Row || top === In.Metric;
  }

  private string(bytes: Buffer, from: number): number {
    let to = from + 1;
    let isPlain = true;
    for (let c = bytes[to]; c !== 0x22; c = bytes[to]) {
      if (c === undefined) return -1;
      if (c === 0x5c) {
        isPlain = false;
        to++;
      }
      to++;
    }
    const inside = this.top();
    if (inside !== In.Other)
      this.text(
        inside,
        isPlain ? bytes.toString('utf8', from + 1, to) : unescaped(bytes.toString('utf8', from, to + 1)),
      );
    return to + 1;
  }

  private text(inside: In | undefined, text: string): void {
    if (inside === In.Pair) {
      if (this.pairAt++ === 1) this.sample(text);
      return;
    }
    if (inside === In.Warnings) {
      if (this.warnings.length < MAX_TEXTS) this.warnings.push(oneLine(text));
      return;
    }
    if (inside !== In.Root && inside !== In.Data && inside !== In.Row && inside !== In.Metric) return;
    if (this.keyExpected) {
      this.key = text;
      this.keyExpected = false;
      return;
    }
    this.keyExpected = true;
    if (inside === In.Metric) this.metric[this.key] = text;
    else if (inside !== In.Row && Object.hasOwn(this.texts, this.key))
      this.texts[this.key as keyof typeof this.texts] = text;
  }

  /** A number, true, false or null. */
  private literal(bytes: Buffer, from: number): number {
    let to = from;
    for (
      let c = bytes[to];
      c !== 0x2c && c !== 0x5d && c !== 0x7d && c !== 0x20 && c !== 0x0a && c !== 0x0d;
      c = bytes[++to]
    )
      if (c === undefined) return -1;
    const text = bytes.toString('latin1', from, to);
    if (!/^(?:-?\d[\d.eE+-]*|true|false|null)$/.test(text))
      throw new NotAnAnswer(`it holds ${oneLine(text, 40)}, which is not JSON`);
    if (this.top() === In.Pair) {
      if (this.pairAt++ === 0) this.time = Number(text) * 1000;
      else if (this.pairAt === 2) this.sample(text);
    } else this.keyExpected = true;
    return to;
  }

  private sample(text: string): void {
    const value = this.read(text);
    if (value === undefined || Number.isNaN(this.time)) this.rejected++;
    else this.point(Math.round(this.time), value);
  }

  private point(time: number, value: number): void {
    if (this.count === this.times.length) {
      this.times = grown(this.times);
      this.values = grown(this.values);
    }
    this.times[this.count] = time;
    this.values[this.count] = value;
    this.count++;
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}

function unescaped(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    throw new NotAnAnswer('a text in it is not JSON');
  }
}
