import type { ClusterView } from '../../../cluster/index.ts';
import {
  formatBytes,
  memoryBytes,
  type Action,
  type Deployment,
  type ObjectRef,
  type Step,
} from '../../../domain/index.ts';
import type { Run } from './runs.ts';

const PATCHABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob']);

/** True when the template can be corrected at this object: nothing above it would write it back. */
export function isPatchable(workload: ObjectRef): boolean {
  return PATCHABLE.has(workload.kind);
}

const REVISION = 'deployment.kubernetes.io/revision';

/** True when the revision before that of a failing pod still serves: going back is then known to help. */
export function canUndo(view: ClusterView, run: Run): boolean {
  if (run.workload.kind !== 'Deployment') return false;
  const deployment = view.resolve(run.workload) as Deployment | undefined;
  const own = view.owners(run.pod)[0];
  const newest = deployment?.metadata.annotations?.[REVISION];
  if (!own || newest === undefined) return false;
  const sets = view.children(run.workload);
  const isNewest = sets.some((s) => s.metadata.name === own.name && s.metadata.annotations?.[REVISION] === newest);
  return isNewest && sets.some((s) => s.metadata.name !== own.name && readyReplicas(s) > 0);
}

function readyReplicas(set: object): number {
  return (set as { status?: { readyReplicas?: number } }).status?.readyReplicas ?? 0;
}

/** Going back to the revision that still serves, as step and fix; nothing where it is not known to help. */
export function undo(view: ClusterView, run: Run): { steps: readonly Step[]; fix?: Action } {
  if (!canUndo(view, run)) return { steps: [] };
  const { name, namespace = '' } = run.workload;
  return {
    steps: [
      {
        text: 'The revision before it still serves: go back to it',
        command: `kubectl rollout undo deployment/${name} -n ${namespace}`,
      },
    ],
    fix: { verb: 'rollout-undo', target: run.workload },
  };
}

const MI = 1 << 20;

/**
 * A memory limit with headroom: five thirds of what is used, and at least five quarters of the present limit, in
 * whole Mi. Undefined without a limit.
 */
export function raisedMemoryLimit(limit: string | undefined, usedBytes = 0): string | undefined {
  const present = memoryBytes(limit);
  if (present === undefined || present <= 0) return undefined;
  return formatMi(Math.max(present * 1.25, (usedBytes * 5) / 3));
}

function formatMi(bytes: number): string {
  return `${Math.ceil(bytes / MI)}Mi`;
}

/** Setting that limit, as step and fix; nothing where the template cannot be patched. */
export function raiseMemory(run: Pick<Run, 'c' | 'workload'>, usedBytes?: number): { step?: Step; fix?: Action } {
  const limit = run.c.spec.resources?.limits?.memory;
  const raised = raisedMemoryLimit(limit, usedBytes);
  const { workload, c } = run;
  if (raised === undefined || limit === undefined || !isPatchable(workload)) return {};
  const { kind, name, namespace = '' } = workload;
  return {
    step: {
      text: `Raise the limit from ${formatBytes(memoryBytes(limit) ?? 0)} to ${raised}`,
      command: `kubectl set resources ${kind.toLowerCase()}/${name} -n ${namespace} -c ${c.name} --limits=memory=${raised}`,
    },
    fix: { verb: 'set-resources', target: workload, container: c.name, limits: { memory: raised } },
  };
}
