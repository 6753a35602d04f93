import type { Deployment } from '../../domain/index.ts';
import { amountText } from '../numbers/index.ts';
import type { Note, VpaEffect } from '../types.ts';
import type { QosClass } from '../facts/index.ts';
import { isChange, type Planned } from './plan.ts';

/** What a person should know besides the numbers. */
export function notesOf(
  { draft, action, target }: Pick<Planned, 'draft' | 'action' | 'target'>,
  qos: { readonly before: QosClass; readonly after: QosClass },
  vpa: VpaEffect,
): readonly Note[] {
  const { workload, container, resource, usage, written, today, heap, hpa, backtest } = draft;
  const notes: Note[] = [];
  const add = (code: Note['code'], text: string) => notes.push({ code, text });
  const text = (amount: bigint) => amountText(resource, amount);
  if (usage.status === 'ok') {
    if (usage.p95 === 0n) add('idle', 'idle: p95 is 0, the floors decide');
    else if (usage.max * 2n > usage.p95 * 3n)
      add('spiky', `spiky: max ${text(usage.max)} is more than 1.5 x p95 ${text(usage.p95)}`);
    if (usage.uneven)
      add('uneven-load', `uneven load: ${usage.pod ?? ''} uses more than twice what the median pod does`);
    if (backtest.verdict === 'failed') add('rising', 'usage rose within the window: re-run with --window 2d');
  }
  if (workload.replicas === 0) add('scaled-to-zero', 'scaled to zero: numbers are from past samples');
  if (written.request === undefined && today.request !== undefined)
    add('request-from-limit', `no request is set: Kubernetes takes the limit ${text(today.request)} for it`);
  if (resource === 'memory' && heap.isJvm && heap.unknown)
    add('heap', 'JVM without a fixed heap in sight: the heap follows the limit, so memory is not lowered');
  else if (resource === 'memory' && heap.unknown)
    add('heap', 'the size of the heap is set by a variable whose value was not read: memory is not lowered');
  if (resource === 'cpu' && heapIsJvm(draft) && target.limit !== today.limit)
    add('heap', 'a changed CPU limit changes the thread pools of a JVM');
  if (container.injected)
    add(
      'injected',
      `${container.name} is not in the template: set it in the annotation or configuration of what injects it`,
    );
  const changes = isChange({ action });
  if (changes && workload.ref.kind === 'StatefulSet')
    add('ordered-restart', 'pods restart one after the other, last first');
  if (vpa.state === 'found' && hpa.state === 'found' && hpa.hpa.targets.some((t) => t.resource === resource))
    add('vpa-and-hpa', `VPA ${vpa.name} and HPA ${hpa.hpa.name} both act on ${resource}: they fight each other`);
  if (changes && qos.before !== qos.after)
    add(
      'qos-change',
      `QoS class changes from ${qos.before} to ${qos.after}: eviction order, static CPU manager, no in-place resize`,
    );
  const rollout = changes ? rolloutNote(workload.object) : undefined;
  if (rollout !== undefined) add('rollout', rollout);
  return notes;
}

function heapIsJvm({ container, heap }: Planned['draft']): boolean {
  return heap.isJvm || /(?:^|[/:-])(?:openjdk|jdk|jre|temurin|tomcat)/.test(container.spec.image ?? '');
}

/** Capacity drops while pods are replaced, unless none may be missing. */
function rolloutNote(object: object | undefined): string | undefined {
  const { kind, spec } = (object ?? {}) as Partial<Deployment>;
  if (kind !== 'Deployment') return undefined;
  if (spec?.strategy?.type === 'Recreate') return 'strategy Recreate: no pod serves during the rollout';
  const unavailable: unknown = spec?.strategy?.rollingUpdate?.maxUnavailable ?? '25%';
  if (unavailable === 0 || unavailable === '0' || unavailable === '0%') return undefined;
  const percent = /^(\d+)%$/.exec(String(unavailable))?.[1];
  const missing =
    percent === undefined ? Number(unavailable) : Math.floor((Number(percent) * (spec?.replicas ?? 1)) / 100);
  return missing > 0 ? `up to ${missing} of ${spec?.replicas ?? 1} pods may be missing during the rollout` : undefined;
}
