import { kindInfo, kubectlName, printable, type ContainerRef, type Kind, type KindMap } from '../../domain/index.ts';
import { ingest } from '../ingest.ts';
import { type ClusterIdentity, type ClusterSource, type LogOptions, type LogSlice, type Scope } from '../source.ts';
import type { Credentials } from './auth.ts';
import type { ClusterConfig } from './config.ts';
import { answerFailure, Ended, failureOf, statusOf, type Peer } from './errors.ts';
import { acceptObject, objectPath, parseObject, readList } from './list.ts';
import { readLog } from './logs.ts';
import type { CallAnswer, CallOptions, Transport } from './transport.ts';

/** What we may do in a namespace, as the server counts it up. */
export interface AccessRules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames: readonly string[];
  }[];
  /** True when the server says that there may be more rules than it listed. */
  readonly incomplete: boolean;
}

interface Parts {
  readonly config: ClusterConfig;
  readonly credentials: Credentials;
  readonly transport: Transport;
  readonly peer: Peer;
  /** Ends everything that is under way. */
  readonly end: (reason: Error) => void;
  readonly onRead?: ((kind: Kind, objects: number) => void) | undefined;
}

/** A running API server. */
export class LiveSource implements ClusterSource {
  private found: Pick<ClusterIdentity, 'uid' | 'version'> = {};
  private asking: Promise<ClusterIdentity> | undefined;

  constructor(private readonly parts: Parts) {}

  /** The namespace of the context, `default` where it names none. */
  get currentNamespace(): string {
    return this.parts.config.namespace;
  }

  /** Why nothing should be changed by way of this kubeconfig; each was given as a warning. */
  get doubts(): readonly string[] {
    return this.parts.config.doubts;
  }

  /** UID and version are there once `identify` has been answered. */
  get identity(): ClusterIdentity {
    const { context, cluster } = this.parts.config;
    return { name: context, server: cluster.server, recorded: false, ...this.found };
  }

  /** Asks for version and UID, once; what may not be read stays out. Never fails: start it beside the first reads. */
  identify(): Promise<ClusterIdentity> {
    this.asking ??= this.ask();
    return this.asking;
  }

  now(): number {
    return Date.now() + this.parts.transport.clockOffset;
  }

  async *list<K extends Kind>(kind: K, scope: Scope): AsyncIterable<readonly KindMap[K][]> {
    const { resource, namespaced } = kindInfo(kind);
    const where = !namespaced ? '' : scope.namespace === undefined ? ' in all namespaces' : ` in ${scope.namespace}`;
    const what = `list ${resource}${where}`;
    const { onRead } = this.parts;
    yield* await this.named(what, () =>
      readList(
        {
          get: (path, options) => this.ok(what, path, { ...options, ...triesFor(kind) }),
          ...(onRead && {
            onPage: (objects: number) => {
              onRead(kind, objects);
            },
          }),
        },
        kind,
        scope,
      ),
    );
  }

  get<K extends Kind>(kind: K, namespace: string | undefined, name: string): Promise<KindMap[K] | undefined> {
    const what = `get ${kubectlName(kind)} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
    return this.named(what, async () => {
      const path = objectPath(kind, namespace, name);
      const answer = await this.parts.transport.get(path, { accept: acceptObject(kind), ...triesFor(kind) });
      const missing = answer.status === 404 ? statusOf(answer)?.details?.name : undefined;
      // metrics-server names what it lacks with its namespace.
      if (missing === name || missing === `${namespace ?? ''}/${name}`) return undefined;
      const object = ingest(kind, parseObject(this.checked(what, answer)));
      if (object?.metadata.name !== name || (object.metadata.namespace ?? namespace) !== namespace)
        throw new Error('the answer is another object than the one asked for');
      return object;
    });
  }

  logs(ref: ContainerRef, options: LogOptions): Promise<LogSlice> {
    const what = `read ${options.previous ? 'previous ' : ''}log of ${ref.pod}/${ref.container} in ${ref.namespace}`;
    return this.named(what, () =>
      readLog({ get: (path, callOptions) => this.ok(what, path, callOptions) }, ref, options),
    );
  }

  /** Whether we may do this; without a namespace: in the whole cluster. Throws ReadFailure. */
  can(verb: string, group: string, resource: string, subresource?: string, namespace?: string): Promise<boolean> {
    const what = `ask whether we may ${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
    return this.named(what, async () => {
      const resourceAttributes = {
        verb,
        group,
        resource,
        ...(subresource !== undefined && { subresource }),
        ...(namespace !== undefined && { namespace }),
      };
      const answer = await this.parts.transport.review('selfsubjectaccessreviews', { resourceAttributes });
      const { status } = parseObject(this.checked(what, answer)) as { status?: { allowed?: unknown } };
      return status?.allowed === true;
    });
  }

  /** Everything that we may do in a namespace. Throws ReadFailure. */
  rules(namespace: string): Promise<AccessRules> {
    const what = `ask what we may do in ${namespace}`;
    return this.named(what, async () => {
      const answer = await this.parts.transport.review('selfsubjectrulesreviews', { namespace });
      const { status } = parseObject(this.checked(what, answer)) as {
        status?: { incomplete?: unknown; resourceRules?: unknown };
      };
      const rules = Array.isArray(status?.resourceRules) ? (status.resourceRules as Record<string, unknown>[]) : [];
      return {
        resourceRules: rules.map((rule) => ({
          verbs: texts(rule.verbs),
          apiGroups: texts(rule.apiGroups),
          resources: texts(rule.resources),
          resourceNames: texts(rule.resourceNames),
        })),
        incomplete: status?.incomplete === true,
      };
    });
  }

  close(): void {
    this.parts.end(new Ended('the connection to the cluster was closed'));
    this.parts.transport.close();
  }

  private async ask(): Promise<ClusterIdentity> {
    const [version, namespace] = await Promise.allSettled([
      this.named('get version', async () => parseObject(await this.ok('get version', '/version', { tries: 2 }))),
      this.get('Namespace', undefined, 'kube-system'),
    ]);
    const { gitVersion } = version.status === 'fulfilled' ? version.value : {};
    const uid = namespace.status === 'fulfilled' ? namespace.value?.metadata.uid : undefined;
    this.found = {
      ...(typeof gitVersion === 'string' && { version: printable(gitVersion) }),
      ...(uid !== undefined && { uid }),
    };
    return this.identity;
  }

  /** Every failure in the words of this read. */
  private async named<T>(what: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw failureOf(what, error, this.parts.peer);
    }
  }

  private async ok(what: string, path: string, options: CallOptions): Promise<CallAnswer> {
    return this.checked(what, await this.parts.transport.get(path, options));
  }

  private checked(what: string, answer: CallAnswer): CallAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    const { peer, credentials } = this.parts;
    throw answerFailure(what, answer, peer, () => credentials.refusedText(answer.credential));
  }
}

/** An aggregated API that is down says so at once and for long. */
function triesFor(kind: Kind): { tries?: number } {
  return kindInfo(kind).group === 'metrics.k8s.io' ? { tries: 2 } : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((v) => typeof v === 'string') : [];
}
