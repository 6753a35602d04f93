import type { ContainerRef, Kind, KindMap, ObjectRef, Unseen } from '../domain/index.ts';

/** Who answers: shown to people, and how two runs know that they looked at the same cluster. */
export interface ClusterIdentity {
  /** Context name, or the path of the recording. */
  readonly name: string;
  readonly server?: string;
  /** UID of the namespace kube-system, where it was readable. */
  readonly uid?: string;
  readonly version?: string;
  /** True for a recording: facts are as old as `now` says. */
  readonly recorded: boolean;
}

/** Which objects of a kind; without a namespace: all of them. */
export interface Scope {
  readonly namespace?: string;
  /** Sent to the server as they are. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface LogOptions {
  /** The run before the last restart. */
  readonly previous: boolean;
  readonly maxLines: number;
  readonly maxBytes: number;
}

export interface LogSlice {
  readonly ref: ContainerRef;
  readonly previous: boolean;
  /** Oldest first; sanitised, each at most 2 KiB. */
  readonly lines: readonly string[];
  /** True when older lines were left out. */
  readonly truncated: boolean;
}

/**
 * A read that gave no answer. `reason` tells what kind of unknown it is; a 404 of one object is not a failure (`get`
 * returns undefined), a 404 of an API group is `absent`.
 */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure';
  /** Of a list of the whole cluster: the namespaces that were read to their end. */
  readonly wholeNamespaces: readonly string[];

  constructor(
    readonly reason: Unseen['reason'],
    message: string,
    readonly status?: number,
    options?: ErrorOptions & { readonly wholeNamespaces?: readonly string[] },
  ) {
    super(message, options);
    this.wholeNamespaces = options?.wholeNamespaces ?? [];
  }
}

/** Nothing can be read from this cluster for now: one message for the whole run, not one for each read. */
export class Unreachable extends ReadFailure {
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super('failed', message, status, options);
  }
}

/**
 * Where cluster facts come from: a live API server or a recording. Reads only.
 *
 * Objects arrive trimmed and sanitised: no `managedFields`, no last-applied annotation, no values of Secrets,
 * ConfigMaps (key names stay, each with an empty value) or environment variables other than addresses.
 */
export interface ClusterSource {
  /** Name and server at once; version and uid once `identify` was answered. */
  readonly identity: ClusterIdentity;
  /** Asks for version and uid where they are readable. Never fails: start it beside the first reads. */
  identify(): Promise<ClusterIdentity>;
  /** The namespace meant where none is named: that of the context, the only one of a recording; undefined for all. */
  readonly currentNamespace: string | undefined;
  /** The time at which facts are judged: the API server's clock, or the moment of the recording. ms since the epoch. */
  now(): number;
  /** Pages of at most 500 objects; throws ReadFailure when the list cannot be read to its end. */
  list<K extends Kind>(kind: K, scope: Scope): AsyncIterable<readonly KindMap[K][]>;
  /** Undefined when the object does not exist; throws ReadFailure when that cannot be told. */
  get<K extends Kind>(kind: K, namespace: string | undefined, name: string): Promise<KindMap[K] | undefined>;
  /** Throws ReadFailure; status 400 means that there is no such run. */
  logs(ref: ContainerRef, options: LogOptions): Promise<LogSlice>;
  /** Ends connections; later calls fail. */
  close(): void;
}

/** A ReadFailure as the view records it. */
export function unseenOf(what: string, failure: ReadFailure, ref?: Partial<ObjectRef>): Unseen {
  return {
    what,
    ...(ref?.kind !== undefined && { kind: ref.kind }),
    ...(ref?.namespace !== undefined && { namespace: ref.namespace }),
    reason: failure.reason,
    detail: failure.message,
  };
}
