import { LimitError, MAX_JSON_DEPTH, MAX_OBJECT_BYTES } from './limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

export interface ListOfItems {
  /** What stands around the items: `kind`, `metadata`; the whole object in a file that holds no list. */
  readonly head: unknown;
  readonly isList: boolean;
  /** What is wrong with the file; undefined when all of it could be read. */
  readonly problem?: string;
}

/**
 * Reads a Kubernetes list (`{"items": […]}`, or a bare array) from its bytes and hands over each item as soon as it is
 * complete: a list of any length needs the memory of its largest item.
 */
export async function readItems(content: AsyncIterable<Buffer>, onItem: (item: unknown) => void): Promise<ListOfItems> {
  const splitter = new Splitter(onItem);
  try {
    for await (const chunk of content) splitter.push(chunk);
  } catch (error) {
    if (error instanceof LimitError) throw error;
    const { head, isList } = splitter.end();
    return { head, isList, problem: error instanceof Error ? error.message : 'it could not be read' };
  }
  return splitter.end();
}

class Splitter {
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** Depth at which an item's brace stands; 0 until the list has begun. */
  private itemDepth = 0;
  private inItem = false;
  private tooDeep = false;
  private isList = false;
  private problem: string | undefined;
  private readonly item = new Bytes();
  /** Copied, since a comma of it would keep its whole chunk in memory. */
  private readonly around = new Bytes(true);
  /** The last text at the top level: the key before a `[`. */
  private key: number[] = [];

  constructor(private readonly onItem: (item: unknown) => void) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === BACKSLASH) this.escaped = true;
        else if (byte === QUOTE) this.inString = false;
        else if (this.depth === 1 && this.itemDepth === 0 && this.key.length < 16) this.key.push(byte);
        continue;
      }
      switch (byte) {
        case QUOTE:
          this.inString = true;
          if (this.depth === 1) this.key = [];
          break;
        case OPEN_BRACE:
          if (this.depth === this.itemDepth && this.itemDepth > 0 && !this.inItem) {
            this.around.add(chunk, from, i);
            from = i;
            this.inItem = true;
            this.tooDeep = false;
          }
          this.deeper();
          break;
        case OPEN_BRACKET:
          if (this.itemDepth === 0 && !this.isList && this.beginsList()) {
            this.isList = true;
            this.itemDepth = this.depth + 1;
          }
          this.deeper();
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
          this.depth--;
          if (this.inItem && this.depth === this.itemDepth) {
            this.item.add(chunk, from, i + 1);
            from = i + 1;
            this.finishItem();
          } else if (this.itemDepth > 0 && this.depth < this.itemDepth) this.itemDepth = 0;
      }
    }
    (this.inItem ? this.item : this.around).add(chunk, from, chunk.length);
  }

  end(): ListOfItems {
    if (this.inItem) this.problem ??= 'it ends in the middle of an object';
    // Commas between the items are left of them.
    const text = this.around.take().replace(/^\ufeff/, '');
    const head = parse(this.isList ? text.replace(/\[[\s,]*\]/g, '[]') : text);
    if (head === undefined || this.depth !== 0) this.problem ??= 'it is not complete JSON';
    if (this.around.overflow) this.problem ??= 'it is too large';
    return { head, isList: this.isList, ...(this.problem !== undefined && { problem: this.problem }) };
  }

  private beginsList(): boolean {
    return this.depth === 0 || (this.depth === 1 && Buffer.from(this.key).toString('latin1') === 'items');
  }

  private deeper(): void {
    this.depth++;
    if (this.depth > MAX_JSON_DEPTH + 2) this.tooDeep = true;
  }

  private finishItem(): void {
    const { tooDeep } = this;
    const { overflow } = this.item;
    const text = this.item.take();
    this.inItem = false;
    const item = tooDeep || overflow ? undefined : parse(text);
    if (item !== undefined) this.onItem(item);
    else
      this.problem ??= tooDeep
        ? `an object in it is nested deeper than ${MAX_JSON_DEPTH}`
        : overflow
          ? 'an object in it is too large'
          : 'an object in it is not JSON';
  }
}

/** Bytes that arrive in pieces; more than an object may have is counted and dropped. */
class Bytes {
  private parts: Buffer[] = [];
  private length = 0;
  overflow = false;

  constructor(private readonly copies = false) {}

  add(chunk: Buffer, from: number, to: number): void {
    if (to <= from) return;
    this.length += to - from;
    if (this.length > MAX_OBJECT_BYTES) {
      this.overflow = true;
      this.parts = [];
    } else this.parts.push(this.copies ? Buffer.from(chunk.subarray(from, to)) : chunk.subarray(from, to));
  }

  take(): string {
    const text = (this.parts.length === 1 ? (this.parts[0] ?? Buffer.alloc(0)) : Buffer.concat(this.parts)).toString();
    const { overflow } = this;
    this.parts = [];
    this.length = 0;
    this.overflow = overflow && text === '';
    return text;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
