import { ReadFailure, type ClusterSource, type LiveSource } from '../../cluster/index.ts';
import { kindsRead } from '../../diagnosis/index.ts';
import { kindInfo, listed, type Kind } from '../../domain/index.ts';
import { openSource, type ClusterOptions } from '../cluster-options.ts';
import { colors, widthOf, type CliContext } from '../context.ts';
import { errorText, UsageError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';
import { namespaceMustExist } from '../question.ts';
import { paragraph } from '../render/layout.ts';
import { version } from '../version.ts';

export interface ConfigCheckOptions extends ClusterOptions {
  readonly output?: 'json';
  readonly json?: boolean;
}

/** missing: something optional is not there; failed: diagnosis cannot work. */
interface Check {
  readonly name: string;
  readonly status: 'ok' | 'missing' | 'failed';
  readonly detail: string;
  readonly hint?: string;
}

/** `aiops config check`: what works, what does not, and what to do about it. */
export async function configCheckCommand(options: ConfigCheckOptions, context: CliContext): Promise<ExitCode> {
  const checks: Check[] = [{ name: 'aiops', status: 'ok', detail: `${version} on Node ${process.versions.node}` }];
  try {
    const { source, namespace } = await openSource(options, context);
    try {
      checks.push(...(await clusterChecks(source, namespace)));
      context.signal.throwIfAborted();
      if (namespace !== undefined) await namespaceMustExist(source, namespace);
    } finally {
      source.close();
    }
  } catch (error) {
    // A wrong flag is no state of the set-up.
    if (error instanceof UsageError || context.signal.aborted) throw error;
    const [message = '', hint] = errorText(error, {}).trim().split('\n');
    checks.push({
      name: checks.some((c) => c.name === 'cluster') ? 'namespace' : 'cluster',
      status: 'failed',
      detail: message.replace(/^error: /, ''),
      ...(hint !== undefined && { hint: hint.trim() }),
    });
  }
  print(checks, options, context);
  return checks.some((c) => c.status === 'failed') ? exitCode.findings : exitCode.ok;
}

async function clusterChecks(source: ClusterSource, namespace: string | undefined): Promise<readonly Check[]> {
  const readable = await Promise.all(
    kindsRead.map(async (kind) => ({ kind, failure: await tryToList(source, kind, namespace) })),
  );
  const identity = await source.identify();
  const forbidden = readable.filter(({ kind, failure }) => failure?.reason === 'forbidden' && kind !== 'Secret');
  const broken = readable.filter(
    ({ failure }) =>
      failure && failure.reason !== 'forbidden' && failure.reason !== 'absent' && failure.reason !== 'not-recorded',
  );
  const metrics = readable.find(({ kind }) => kind === 'NodeMetrics' || kind === 'PodMetrics')?.failure;
  const where = namespace === undefined ? 'all namespaces' : `namespace ${namespace}`;
  const isReachable = readable.some(({ failure }) => !failure);
  const first = broken.find(({ kind }) => kind === 'Pod')?.failure ?? broken[0]?.failure;
  if (!isReachable && first) return [{ name: 'cluster', status: 'failed', detail: first.message }];
  return [
    {
      name: 'cluster',
      status: 'ok',
      detail: [identity.name, identity.server, identity.version].filter((t) => t !== undefined).join(', '),
    },
    forbidden.length === 0
      ? { name: 'read access', status: 'ok', detail: `${readable.length - broken.length} kinds in ${where}` }
      : {
          name: 'read access',
          status: forbidden.some(({ kind }) => kind === 'Pod') ? 'failed' : 'missing',
          detail: `may not list ${listed(
            forbidden.map(({ kind }) => kindInfo(kind).resource),
            12,
          )} in ${where}`,
          hint: 'bind the ClusterRole of deploy/k8s/rbac-reader.yaml to this account, or look at one namespace with -n',
        },
    metrics
      ? {
          name: 'metrics',
          status: 'missing',
          detail: metrics.message,
          hint: 'usage is not judged without metrics-server (Minikube: minikube addons enable metrics-server)',
        }
      : { name: 'metrics', status: 'ok', detail: 'metrics.k8s.io answers' },
    ...('can' in source ? await permissionChecks(source as LiveSource, namespace) : []),
  ];
}

/** Requests that would change something, and with which little could be hidden; none of them is ever made. */
const CHANGES = [
  ['patch', 'apps', 'deployments'],
  ['delete', '', 'pods'],
  ['create', '', 'pods', 'exec'],
] as const;

/** What lists do not show: logs, and whether the account can do more than read. */
async function permissionChecks(source: LiveSource, namespace: string | undefined): Promise<readonly Check[]> {
  const may = (verb: string, group: string, resource: string, subresource?: string) =>
    source.can(verb, group, resource, subresource, namespace).catch(() => false);
  const [hasLogs, ...changes] = await Promise.all([
    may('get', '', 'pods', 'log'),
    ...CHANGES.map(([verb, group, resource, subresource]) => may(verb, group, resource, subresource)),
  ]);
  const able = CHANGES.filter((_, i) => changes[i] === true).map(
    ([verb, , ...resource]) => `${verb} ${resource.join('/')}`,
  );
  return [
    hasLogs
      ? { name: 'logs', status: 'ok', detail: 'pods/log may be read' }
      : {
          name: 'logs',
          status: 'missing',
          detail: 'may not get pods/log',
          hint: 'without logs most crashes stay unexplained',
        },
    able.length === 0
      ? { name: 'reader', status: 'ok', detail: 'this account can only read' }
      : {
          name: 'reader',
          status: 'missing',
          detail: `reader can write: it may ${listed(able)}`,
          hint: 'aiops sends no such request; an account with the role of deploy/k8s/rbac-reader.yaml could not either',
        },
  ];
}

/** Reads the first page only. */
async function tryToList(
  source: ClusterSource,
  kind: Kind,
  namespace: string | undefined,
): Promise<ReadFailure | undefined> {
  try {
    const scope = kindInfo(kind).namespaced && namespace !== undefined ? { namespace } : {};
    for await (const _ of source.list(kind, scope)) break;
    return undefined;
  } catch (error) {
    if (error instanceof ReadFailure) return error;
    throw error;
  }
}

function print(checks: readonly Check[], { output, json }: ConfigCheckOptions, context: CliContext): void {
  if (output === 'json' || json === true) {
    context.stdout.write(`${JSON.stringify({ apiVersion: 'aiops/v1', kind: 'ConfigCheck', checks }, undefined, 2)}\n`);
    return;
  }
  const color = colors(context);
  const words = { ok: 'OK', missing: 'missing', failed: 'failed' };
  // Yellow letters cannot be read on white; bold ones can, on any ground.
  const word = { ok: color.green(words.ok), missing: color.bold(words.missing), failed: color.red(words.failed) };
  const name = Math.max(...checks.map((c) => c.name.length));
  const indent = ' '.repeat('missing'.length + name + 4);
  for (const c of checks) {
    const head = `${word[c.status]}${' '.repeat('missing'.length - words[c.status].length)}  ${c.name.padEnd(name)}  `;
    context.stdout.write(`${paragraph(c.detail, widthOf(context), indent, head)}\n`);
    if (c.hint !== undefined) context.stdout.write(`${paragraph(c.hint, widthOf(context), indent)}\n`);
  }
}
