import type { ContainerRef } from '../../domain/index.ts';
import { ReadFailure, type LogOptions, type LogSlice } from '../source.ts';
import { walk, type Entry } from './entries.ts';
import { LimitError, type Limits } from './limits.ts';
import { isNoLog, linesOf, markerOf, Tail } from './log-lines.ts';
import { logKey } from './format.ts';
import type { LogPlace, Recording } from './recording.ts';

interface Request {
  readonly ref: ContainerRef;
  readonly options: LogOptions;
  readonly place: LogPlace;
  readonly resolve: (slice: LogSlice) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads logs out of a recording. An archive can only be read from its beginning, so one pass serves all that wait. */
export class LogReader {
  private waiting: Request[] = [];
  private isReading = false;

  constructor(
    private readonly recording: Recording,
    private readonly limits: Limits,
  ) {}

  /** Throws ReadFailure; status 400 where there is no such run. */
  read(ref: ContainerRef, options: LogOptions): Promise<LogSlice> {
    const { logs } = this.recording;
    const place =
      logs.get(logKey({ ref, previous: options.previous })) ??
      (options.previous ? undefined : logs.get(`${ref.namespace}/${ref.pod}`));
    if (!place) return Promise.reject(this.notRecorded(ref, options.previous));
    return new Promise((resolve, reject) => {
      this.waiting.push({ ref, options, place, resolve, reject });
      // Callers ask in batches: all of one turn share a pass.
      if (!this.isReading) {
        this.isReading = true;
        setImmediate(() => void this.readWaiting());
      }
    });
  }

  private async readWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const requests = this.waiting;
      this.waiting = [];
      try {
        await this.pass(requests);
      } catch (cause) {
        const failure = new ReadFailure('failed', cause instanceof Error ? cause.message : 'unreadable', undefined, {
          cause,
        });
        for (const request of requests) request.reject(failure);
      }
      for (const { ref, options, reject } of requests) reject(this.notRecorded(ref, options.previous));
    }
    this.isReading = false;
  }

  private async pass(requests: readonly Request[]): Promise<void> {
    const wanted = new Map<string, Request[]>();
    for (const request of requests)
      wanted.set(request.place.path, [...(wanted.get(request.place.path) ?? []), request]);
    const { entries } = await walk(this.recording.path, this.limits);
    for await (const entry of entries) {
      const here = wanted.get(entry.path);
      if (here) await this.answer(entry, here);
    }
  }

  private async answer(entry: Entry, requests: readonly Request[]): Promise<void> {
    const tails = requests.map((request) => ({
      request,
      tail: new Tail(request.options.maxLines, request.options.maxBytes),
      found: request.place.what === 'log',
      noLog: false,
    }));
    let container: string | undefined;
    try {
      for await (const line of linesOf(entry.content())) {
        const [first] = requests;
        const marker = first?.place.what === 'pod-logs' ? markerOf(line, first.ref) : undefined;
        const text = marker ? marker.before : line;
        for (const t of tails) {
          const isItsOwn = t.request.place.what === 'log' || t.request.ref.container === container;
          if (!isItsOwn || (marker && text === '')) continue;
          if (t.request.place.what === 'pod-logs' && isNoLog(text)) t.noLog = true;
          else t.tail.add(text);
        }
        if (!marker) continue;
        container = marker.begins ? marker.container : undefined;
        for (const t of tails) if (t.request.ref.container === container) t.found = true;
      }
    } catch (error) {
      if (error instanceof LimitError) throw error;
      // The end of the file is missing; what came before it is the older part of the log.
    }
    for (const { request, tail, found, noLog } of tails) {
      const { ref, options } = request;
      const lines = tail.take();
      if (!found || (noLog && lines.length === 0)) continue;
      const { truncatedLogs } = this.recording;
      const truncated = tail.truncated || truncatedLogs.has(logKey({ ref, previous: options.previous }));
      request.resolve({ ref, previous: options.previous, lines, truncated });
    }
  }

  private notRecorded(ref: ContainerRef, previous: boolean): ReadFailure {
    const run = previous ? 'previous log' : 'log';
    const message = `the recording holds no ${run} of container ${ref.container} of ${ref.namespace}/${ref.pod}`;
    // A run that never was, or of which nothing is kept, leaves the other one to ask for.
    const isGone = previous || this.hasNotStarted(ref);
    return new ReadFailure('not-recorded', message, isGone ? 400 : undefined);
  }

  private hasNotStarted(ref: ContainerRef): boolean {
    const pod = this.recording.objects
      .get('Pod')
      ?.find((p) => p.metadata.name === ref.pod && p.metadata.namespace === ref.namespace) as PodWithStatus | undefined;
    if (!pod) return false;
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const status = statuses.find((s) => s.name === ref.container);
    return !status || (status.state?.waiting !== undefined && status.lastState?.terminated === undefined);
  }
}

interface Status {
  readonly name: string;
  readonly state?: { readonly waiting?: object };
  readonly lastState?: { readonly terminated?: object };
}

interface PodWithStatus {
  readonly status?: {
    readonly containerStatuses?: readonly Status[];
    readonly initContainerStatuses?: readonly Status[];
  };
}
