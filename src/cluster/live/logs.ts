import { StringDecoder } from 'node:string_decoder';
import { printable, redactLines, type ContainerRef } from '../../domain/index.ts';
import { HttpFailure } from '../../platform/index.ts';
import type { LogOptions, LogSlice } from '../source.ts';
import { Ended } from './errors.ts';
import { segment } from './list.ts';
import type { CallAnswer, CallOptions } from './transport.ts';

const LOG_MS = 5_000;
const MAX_LINE = 2048;
/** What is kept of a line until secrets in it are masked: one that the cut falls into must still be recognised. */
const RAW_LINE = 2 * MAX_LINE;
/** How much is read to get at the end of a log, as a multiple of what is kept: a tail comes oldest line first. */
const READ_FACTOR = 8;
/** The newest lines are worth a second try where long ones crowd them out. */
const FEWER_LINES = 64;

export interface LogReader {
  /** A GET whose answer is 200; throws otherwise. */
  readonly get: (path: string, options: CallOptions) => Promise<CallAnswer>;
  readonly logMs?: number;
}

/**
 * The end of a container's log. The server's own bound on bytes is a wish and cuts the newest lines, so reading stops
 * here. When the time is over, what has come by then is the answer.
 */
export async function readLog(reader: LogReader, ref: ContainerRef, options: LogOptions): Promise<LogSlice> {
  let tail = await readTail(reader, ref, options, options.maxLines);
  if (tail.isOverfull && options.maxLines > FEWER_LINES) tail = await readTail(reader, ref, options, FEWER_LINES);
  const { lines, isCut } = tail.last(options);
  return { ref, previous: options.previous, lines, truncated: isCut };
}

async function readTail(reader: LogReader, ref: ContainerRef, options: LogOptions, lines: number): Promise<Tail> {
  const query = new URLSearchParams({ container: ref.container, tailLines: String(lines) });
  if (options.previous) query.set('previous', 'true');
  const pod = `/api/v1/namespaces/${segment(ref.namespace, 'namespace')}/pods/${segment(ref.pod, 'name')}`;
  let tail = new Tail(lines, options.maxBytes * READ_FACTOR);
  try {
    await reader.get(`${pod}/log?${query.toString()}`, {
      atMostMs: reader.logMs ?? LOG_MS,
      accept: '*/*',
      sink: () => {
        tail = new Tail(lines, options.maxBytes * READ_FACTOR);
        return (chunk) => tail.push(chunk);
      },
    });
  } catch (error) {
    const isOverrun = error instanceof Ended || (error instanceof HttpFailure && error.kind !== 'refused');
    if (!isOverrun || tail.isEmpty) throw error;
    tail.isUnfinished = true;
  }
  return tail;
}

interface RawLine {
  text: string;
  omitted: number;
}

/** Lines of a log as they come in. */
class Tail {
  isOverfull = false;
  isUnfinished = false;
  private readonly lines: RawLine[] = [];
  private open: RawLine | undefined;
  private size = 0;
  private readonly decoder = new StringDecoder('utf8');

  constructor(
    private readonly asked: number,
    private readonly maxRead: number,
  ) {}

  get isEmpty(): boolean {
    return this.lines.length === 0 && this.open === undefined;
  }

  /** False: no more is wanted. */
  push(chunk: Buffer): boolean {
    this.size += chunk.length;
    const parts = this.decoder.write(chunk).split('\n');
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.endLine();
      if (part !== '') this.add(part);
    }
    this.isOverfull = this.size >= this.maxRead;
    return !this.isOverfull;
  }

  /** The newest lines within the bounds, safe to show. */
  last({ maxLines, maxBytes }: LogOptions): { lines: string[]; isCut: boolean } {
    if (this.open) this.endLine();
    const raw = this.lines.slice(-maxLines);
    const safe = redactLines(raw.map((line) => line.text)).map((text, i) =>
      shorten(printable(text), raw[i]?.omitted ?? 0),
    );
    let first = safe.length;
    for (let bytes = 0; first > 0; first--) {
      bytes += Buffer.byteLength(safe[first - 1] ?? '') + 1;
      if (bytes > maxBytes) break;
    }
    // As many as were asked for: there are most likely older ones.
    const isCut = this.isOverfull || this.isUnfinished || first > 0 || this.lines.length >= this.asked;
    return { lines: safe.slice(first), isCut };
  }

  private add(text: string): void {
    this.open ??= { text: '', omitted: 0 };
    const room = RAW_LINE - this.open.text.length;
    this.open.text += text.slice(0, room);
    this.open.omitted += Math.max(0, text.length - room);
  }

  private endLine(): void {
    const line = this.open ?? { text: '', omitted: 0 };
    this.open = undefined;
    if (line.text.endsWith('\r')) line.text = line.text.slice(0, -1);
    this.lines.push(line);
  }
}

function shorten(line: string, omitted: number): string {
  if (line.length <= MAX_LINE && omitted === 0) return line;
  return `${line.slice(0, MAX_LINE)}… cut, ${omitted + Math.max(0, line.length - MAX_LINE)} bytes omitted`;
}
