import { isKind, type Kind } from '../domain/index.ts';
import { rules } from './rules/index.ts';

/** What the rules need, and what joins need whatever the rules say. */
export const kindsRead: readonly Kind[] = [
  ...new Set<Kind>([
    'Pod',
    'Event',
    'ReplicaSet',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
    'Service',
    'EndpointSlice',
    'Ingress',
    'Node',
    'Namespace',
    'VolumeAttachment',
    'CSINode',
    ...rules.flatMap((r) => r.needs).filter((need): need is Kind => isKind(need)),
  ]),
];

/** Definitions of custom resources are long and say nothing about one namespace. */
export const kindsOfNamespace = kindsRead.filter((kind) => kind !== 'CustomResourceDefinition');
