/** The place in the program's own code where it crashed, and what it said there. */
export interface Crash {
  readonly detail?: string;
  readonly frame?: string;
}

/** Frames of the language and of libraries, which do not name the fault. */
const FOREIGN =
  /^(?:runtime[./]|panic\(|testing\.|internal\/|reflect\.|java\.|javax\.|jdk\.|sun\.|com\.sun\.|jakarta\.|kotlin\.|scala\.|org\.(?:springframework|apache|hibernate|eclipse|postgresql|jboss|slf4j|junit)\.|io\.(?:netty|micrometer|lettuce|grpc)\.|com\.(?:zaxxer|fasterxml|google|mysql|mongodb)\.|reactor\.|System\.|Microsoft\.|node:|std::|core::|tokio::)|node_modules|site-packages|\/usr\/local\/go\/|\/usr\/(?:local\/)?lib\/|\/pkg\/mod\/|\/vendor\/|<frozen |node:internal|internal\/modules|\/rustc\//;

const STACK_LINE =
  /^\s+(?:at |File "|\.\.\. |from |~|\^|raise |return |\d+: )|^\s*\.\.\. \d+ (?:more|common)|^Caused by: |^\s+Suppressed: |^goroutine \d|^\t|^Traceback|^During handling|^The above exception|^\s*$|^created by |^ {2,}/;

/** A line between the head and the end of a stack. */
export function isStackLine(text: string): boolean {
  return STACK_LINE.test(text);
}

/** Lines that are read behind the head of a crash, at most. */
const REACH = 300;

/** What a crash whose head is line `at` says, by the conventions of the language. */
export function crashAt(texts: readonly string[], at: number): Crash {
  const head = texts[at] ?? '';
  if (head.startsWith('Traceback')) return pythonCrash(texts, at);
  if (/^(?:.{0,80} )?panic: |^fatal error: /.test(head)) return withFrame(goFrame(texts, at));
  const rust = /panicked at (?:'.{0,300}', )?(?<place>[\w./-]{1,300}:\d+):\d+/.exec(head)?.groups?.place;
  if (rust !== undefined) {
    const said = /panicked at '(?<said>.{0,300})', /.exec(head)?.groups?.said ?? texts[at + 1] ?? '';
    return { ...(said !== '' && { detail: said }), frame: rust };
  }
  const php = /(?<said>Uncaught .{1,300}?) in (?<place>\/\S{1,300}:\d+)/.exec(head)?.groups;
  if (php?.place !== undefined) return { ...(php.said !== undefined && { detail: php.said }), frame: php.place };
  return throwableCrash(texts, at);
}

function withFrame(frame: string | undefined): Crash {
  return frame === undefined ? {} : { frame };
}

function pythonCrash(texts: readonly string[], at: number): Crash {
  const frames: string[] = [];
  for (const text of texts.slice(at + 1, at + REACH)) {
    const frame = /^\s+File "(?<file>[^"]{1,300})", line (?<line>\d+)(?:, in (?<name>\S{1,100}))?/.exec(text)?.groups;
    if (frame)
      frames.push(`${frame.file ?? ''}:${frame.line ?? ''}${frame.name === undefined ? '' : ` in ${frame.name}`}`);
    else if (/^\S/.test(text))
      return { detail: text, ...withFrame(frames.findLast((f) => !FOREIGN.test(f)) ?? frames.at(-1)) };
  }
  return withFrame(frames.findLast((f) => !FOREIGN.test(f)) ?? frames.at(-1));
}

function goFrame(texts: readonly string[], at: number): string | undefined {
  const reach = texts.slice(at + 1, at + REACH);
  for (const [i, text] of reach.entries()) {
    const place = /^\s+(?<path>\/\S{1,300}\.go):(?<line>\d+)(?: \+0x[0-9a-f]+)?$/.exec(text)?.groups;
    const name = /^(?<name>[\w./*()-]{1,200}?)\((?:[^()]{0,400}|\.\.\.)\)$/.exec(reach[i - 1] ?? '')?.groups?.name;
    if (!place || name === undefined || FOREIGN.test(name) || FOREIGN.test(place.path ?? '')) continue;
    return `${name} (${(place.path ?? '').split('/').at(-1) ?? ''}:${place.line ?? ''})`;
  }
  return undefined;
}

/** Java, Node.js and .NET: `at` frames below the head; the innermost cause is the last "Caused by". */
function throwableCrash(texts: readonly string[], at: number): Crash {
  let detail: string | undefined;
  let frames: string[] = [];
  for (const text of texts.slice(at + 1, at + REACH)) {
    const cause = /^\s{0,8}(?:Caused by: |\[cause\]: |---> )(?<cause>.{1,300})/.exec(text)?.groups?.cause;
    if (cause !== undefined) [detail, frames] = [cause, []];
    else if (/^\s+at /.test(text)) frames.push(text.trim().slice(3));
    else if (!isStackLine(text)) {
      // Spring names the exception on the line below its own.
      if (frames.length > 0 || detail !== undefined) break;
      const thrown = /^(?:[\w.$]{1,200}(?:Exception|Error)\b.{0,300})/.exec(text)?.[0];
      if (thrown !== undefined) detail = thrown;
    }
  }
  const frame = frames.find((f) => !FOREIGN.test(f)) ?? frames[0];
  return { ...(detail !== undefined && { detail }), ...withFrame(frame) };
}
