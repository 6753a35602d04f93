import {
  listed,
  refKey,
  ref,
  type ContainerRef,
  type Kind,
  type KindMap,
  type KubeObject,
  type Unseen,
} from '../../domain/index.ts';
import {
  ReadFailure,
  type ClusterIdentity,
  type ClusterSource,
  type LogOptions,
  type LogSlice,
  type Scope,
} from '../source.ts';
import type { Limits } from './limits.ts';
import { LogReader } from './log-reader.ts';
import type { Recording } from './recording.ts';
import { isInScope } from './selectors.ts';

const PAGE = 500;

/** A recorded cluster. What was not recorded fails as such: it is neither there nor missing. */
export class RecordedSource implements ClusterSource {
  readonly identity: ClusterIdentity;
  private readonly complete: ReadonlySet<string>;
  private readonly absent: ReadonlySet<string>;
  private readonly byName = new Map<Kind, Map<string, KubeObject>>();
  private readonly reader: LogReader;
  private isClosed = false;

  constructor(
    readonly recording: Recording,
    limits: Limits,
  ) {
    this.identity = recording.identity;
    this.complete = new Set(recording.complete.map((l) => `${l.kind}/${l.namespace ?? ''}`));
    this.absent = new Set(recording.absent.map(refKey));
    this.reader = new LogReader(recording, limits);
  }

  /** What is wrong with the recording as a whole, e.g. that its end is missing. */
  get doubts(): readonly string[] {
    return this.recording.unseen.filter((u) => u.kind === undefined).map((u) => `${u.what}: ${u.detail}`);
  }

  identify(): Promise<ClusterIdentity> {
    return Promise.resolve(this.identity);
  }

  get currentNamespace(): string | undefined {
    const ofPods = this.recording.complete.filter((l) => l.kind === 'Pod');
    return ofPods.length === 1 ? ofPods[0]?.namespace : undefined;
  }

  now(): number {
    return this.recording.at;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous; a recording is at hand
  async *list<K extends Kind>(kind: K, scope: Scope): AsyncGenerator<readonly KindMap[K][]> {
    this.assertOpen();
    // Objects are kept by their kind.
    const all = (this.recording.objects.get(kind) ?? []) as unknown as readonly KindMap[K][];
    const found = all.filter((object) => isInScope(object, scope));
    for (let i = 0; i < found.length; i += PAGE) yield found.slice(i, i + PAGE);
    if (!this.isComplete(kind, scope.namespace) && !this.wasAskedSo(kind, scope)) throw this.unknown(kind, scope);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async get<K extends Kind>(kind: K, namespace: string | undefined, name: string): Promise<KindMap[K] | undefined> {
    this.assertOpen();
    const object = this.index(kind).get(`${namespace ?? ''}/${name}`);
    if (object) return object as unknown as KindMap[K];
    if (this.isComplete(kind, namespace) || this.absent.has(refKey(ref(kind, namespace, name)))) return undefined;
    throw this.unknown(kind, namespace === undefined ? {} : { namespace });
  }

  logs(container: ContainerRef, options: LogOptions): Promise<LogSlice> {
    this.assertOpen();
    return this.reader.read(container, options);
  }

  close(): void {
    this.isClosed = true;
  }

  private assertOpen(): void {
    if (this.isClosed) throw new ReadFailure('failed', `the recording ${this.recording.path} was closed`);
  }

  private index(kind: Kind): ReadonlyMap<string, KubeObject> {
    let index = this.byName.get(kind);
    if (!index) {
      const objects = this.recording.objects.get(kind) ?? [];
      index = new Map(objects.map((o) => [`${o.metadata.namespace ?? ''}/${o.metadata.name ?? ''}`, o]));
      this.byName.set(kind, index);
    }
    return index;
  }

  private isComplete(kind: Kind, namespace: string | undefined): boolean {
    return this.complete.has(`${kind}/`) || (namespace !== undefined && this.complete.has(`${kind}/${namespace}`));
  }

  /** A recording of aiops holds the answers to the questions that were asked: also to those with a selector. */
  private wasAskedSo(kind: Kind, scope: Scope): boolean {
    const isPart = scope.fieldSelector !== undefined || scope.labelSelector !== undefined;
    return isPart && this.recording.layout === 'aiops' && this.reasonFor(kind, scope.namespace) === undefined;
  }

  private reasonFor(kind: Kind, namespace: string | undefined): Unseen | undefined {
    const about = this.recording.unseen.filter((u) => u.kind === kind);
    return (
      about.find((u) => u.namespace === namespace) ??
      about.find((u) => u.namespace === undefined) ??
      (namespace === undefined ? about[0] : undefined)
    );
  }

  /** What is said of a list that is not whole, or of an object that may lie in one. */
  private unknown(kind: Kind, { namespace, fieldSelector, labelSelector }: Scope): ReadFailure {
    const isAll = namespace === undefined && fieldSelector === undefined && labelSelector === undefined;
    const wholeNamespaces = isAll
      ? this.recording.complete.flatMap((l) => (l.kind === kind ? (l.namespace ?? []) : []))
      : [];
    const reason = this.reasonFor(kind, namespace);
    if (reason) return new ReadFailure(reason.reason, reason.detail, undefined, { wholeNamespaces });
    const cut = this.recording.unseen.find((u) => u.kind === undefined);
    const where = namespace === undefined ? '' : ` of ${namespace}`;
    const only =
      wholeNamespaces.length === 0
        ? ''
        : `, only of ${wholeNamespaces.length > 1 ? 'namespaces' : 'namespace'} ${listed(wholeNamespaces)}`;
    const message = `the recording holds no complete list of ${kind}${where}${only}${cut ? `; ${cut.detail}` : ''}`;
    return new ReadFailure('not-recorded', message, undefined, { wholeNamespaces });
  }
}
