import { oneLine } from '../../domain/index.ts';
import { UsageFailure } from '../failure.ts';

/** A file that cannot be read as usage: where, what is wrong and what belongs there. */
export function badFile(path: string, where: string, what: string): UsageFailure {
  return new UsageFailure('bad-file', `${oneLine(path, 200)}${where === '' ? '' : `, ${where}`}: ${oneLine(what)}`);
}

/** `deployment/web` → kind as Kubernetes writes it and name; undefined when it is something else. */
export function workloadOf(text: string): { readonly kind: string; readonly name: string } | undefined {
  const match = /^([A-Za-z][A-Za-z0-9]*)\/([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)$/.exec(text);
  if (!match) return undefined;
  const [, kind = '', name = ''] = match;
  const known = KINDS.find((k) => k.toLowerCase() === kind.toLowerCase());
  return { kind: known ?? kind, name };
}

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod', 'Rollout'] as const;

/** A name of a namespace, pod or container. */
export function isName(text: string): boolean {
  return /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/.test(text);
}
