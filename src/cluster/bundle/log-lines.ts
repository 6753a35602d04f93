import { printable, redactLines, type ContainerRef } from '../../domain/index.ts';
import { MAX_LINE } from './limits.ts';

const NEWLINE = 0x0a;
const ROOM_FOR_NOTE = 48;
/** A UTF-8 character has at most four bytes; a little more is kept than is shown. */
const KEPT_OF_LINE = MAX_LINE * 4;

/** The lines of a stream of bytes, one at a time; of an endless one only the beginning is held. */
export async function* linesOf(content: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let kept = 0;
  let length = 0;
  const add = (piece: Buffer) => {
    length += piece.length;
    if (kept >= KEPT_OF_LINE) return;
    const part = piece.subarray(0, KEPT_OF_LINE - kept);
    kept += part.length;
    parts.push(part);
  };
  const take = (): string => {
    const bytes = Buffer.concat(parts);
    const line = cleanLine(bytes, length);
    parts = [];
    kept = length = 0;
    return line;
  };
  for await (const chunk of content) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, end));
      from = end + 1;
      yield take();
    }
    // Copied, so that a short rest does not keep its chunk in memory.
    if (from < chunk.length) add(Buffer.from(chunk.subarray(from, from + KEPT_OF_LINE)));
    length += Math.max(0, chunk.length - from - KEPT_OF_LINE);
  }
  if (length > 0) yield take();
}

/** Printable and at most MAX_LINE characters long; what is cut off is counted. */
function cleanLine(bytes: Buffer, length: number): string {
  const text = printable(bytes.toString().replace(/\r$/, ''));
  if (text.length <= MAX_LINE && bytes.length === length) return text;
  const head = text.slice(0, MAX_LINE - ROOM_FOR_NOTE).replace(/[\ud800-\udbff]$/, '');
  return `${head}… cut, ${Math.max(length - Buffer.byteLength(head), 1)} bytes omitted`;
}

/** The last lines of a log, within bounds. */
export class Tail {
  private lines: string[] = [];
  private first = 0;
  private bytes = 0;
  truncated = false;

  constructor(
    private readonly maxLines: number,
    private readonly maxBytes: number,
  ) {}

  add(line: string): void {
    this.lines.push(line);
    this.bytes += line.length + 1;
    while (this.lines.length - this.first > this.maxLines || this.bytes > this.maxBytes) {
      this.bytes -= (this.lines[this.first] ?? '').length + 1;
      this.lines[this.first++] = '';
      this.truncated = true;
    }
    if (this.first > 4096) {
      this.lines = this.lines.slice(this.first);
      this.first = 0;
    }
  }

  /** Oldest first, without secrets. */
  take(): readonly string[] {
    return redactLines(this.lines.slice(this.first));
  }
}

/** A line that `kubectl cluster-info dump` puts around the log of a container; the last line of a log may stand before it. */
export interface Marker {
  readonly begins: boolean;
  readonly container: string;
  readonly before: string;
}

export function markerOf(line: string, pod: Pick<ContainerRef, 'namespace' | 'pod'>): Marker | undefined {
  if (!line.endsWith(` of pod ${pod.namespace}/${pod.pod} ====`)) return undefined;
  const found = /^(.*)==== (START|END) logs for container ([a-z0-9-]+) of pod \S+ ====$/.exec(line);
  if (!found) return undefined;
  const [, before = '', word, container = ''] = found;
  return { begins: word === 'START', container, before };
}

/** What kubectl writes in place of a log that it could not get. */
export function isNoLog(line: string): boolean {
  return /^(?:Request log error: |unable to retrieve container logs for )/.test(line);
}
