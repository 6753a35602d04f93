import type { Command } from 'commander';
import { openLiveSource, openRecording, type ClusterSource, type LiveOptions } from '../cluster/index.ts';
import { parseDuration, printable } from '../domain/index.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';

/** The flags that say which cluster and which part of it; named as kubectl names them. */
export interface ClusterOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly from?: string;
  readonly timeout?: string;
}

export function withClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace to look at (default: that of the context)')
    .option('-A, --all-namespaces', 'look at every namespace')
    .option('--context <name>', 'kubeconfig context to use')
    .option('--kubeconfig <file>', 'kubeconfig file to use')
    .option(
      '--from <path>',
      'a recorded cluster instead of a live one: a snapshot, a cluster-info dump or a support bundle',
    )
    .option('--timeout <duration>', 'give up reading after this time (default: 60s)');
}

export interface OpenedSource {
  readonly source: ClusterSource;
  /** The namespace to look at; undefined for all of them. */
  readonly namespace: string | undefined;
}

/** Opens what the flags name. The caller closes it. */
export async function openSource(options: ClusterOptions, context: CliContext): Promise<OpenedSource> {
  if (options.namespace !== undefined && options.allNamespaces === true)
    throw new UsageError('--namespace and --all-namespaces exclude each other', 'give one of them');
  if (options.namespace !== undefined) checkName('namespace', options.namespace);
  const live = liveOptions(options, context);
  for (const flag of ['context', 'kubeconfig'] as const)
    if (options.from !== undefined && options[flag] !== undefined)
      throw new UsageError(`--from and --${flag} exclude each other`, '--from reads a recording, not a cluster');
  const source = options.from === undefined ? await openLiveSource(live) : await openRecorded(options.from, live.warn);
  // Ctrl-C ends what is being read, or the process would wait for it.
  const close = () => {
    source.close();
  };
  context.signal.addEventListener('abort', close, { once: true });
  if (context.signal.aborted) close();
  return {
    source,
    namespace: options.allNamespaces === true ? undefined : (options.namespace ?? source.currentNamespace),
  };
}

async function openRecorded(path: string, warn: (text: string) => void): Promise<ClusterSource> {
  const source = await openRecording(path);
  for (const doubt of source.doubts) warn(doubt);
  return source;
}

function liveOptions(options: ClusterOptions, context: CliContext): LiveOptions {
  return {
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
    ...(options.context !== undefined && { context: options.context }),
    env: context.env,
    timeoutMs: durationOption('--timeout', options.timeout ?? '60s'),
    warn: (text) => context.stderr.write(`warning: ${printable(text)}\n`),
    isTty: context.isInteractive,
  };
}

/** A duration flag in ms. */
export function durationOption(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0)
    throw new UsageError(`${flag} ${text} is not a duration`, 'write it like 30s, 5m or 2h');
  return ms;
}

/** Names must fit Kubernetes' grammar before a path is built from them: `..` would name another resource. */
export function checkName(what: string, name: string): void {
  if (!/^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/i.test(name) || name.length > 253)
    throw new UsageError(`"${name}" cannot be the name of a ${what}`, 'names consist of letters, digits, "-" and "."');
}
