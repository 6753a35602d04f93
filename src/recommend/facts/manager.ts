import type { KubeObject } from '../../domain/index.ts';
import { isCustom, isStatic, type Workload } from './workloads.ts';

/** Who else writes the template, and where a change belongs. */
export interface Manager {
  readonly manager: 'none' | 'helm' | 'argo-cd' | 'flux' | 'operator' | 'node-file' | 'injector' | 'job' | 'bare-pod';
  /** Release, application, custom resource; absent where there is no name. */
  readonly name?: string;
  /** One sentence: where to change it and what happens to a patch; absent for none. */
  readonly advice?: string;
  /** True when a patch would be undone or cannot be made: then none is offered. */
  readonly refusesPatch: boolean;
}

const APPLIERS: readonly (readonly [RegExp, 'argo-cd' | 'flux'])[] = [
  [/^argocd-/, 'argo-cd'],
  [/^(?:kustomize|helm)-controller$/, 'flux'],
];

export function managerOf(workload: Workload): Manager {
  const { ref, object } = workload;
  if (isStatic(workload))
    return {
      manager: 'node-file',
      advice: 'a static pod: change its file in the manifest folder of its node',
      refusesPatch: true,
    };
  if (isCustom(workload))
    return {
      manager: 'operator',
      name: `${ref.kind}/${ref.name}`,
      advice: `change it in ${ref.kind} ${ref.name}: its operator would undo a patch of what it made`,
      refusesPatch: true,
    };
  const gitops = object && gitopsOf(object);
  if (gitops) return gitops;
  if (ref.kind === 'Pod')
    return {
      manager: 'bare-pod',
      advice: 'a bare pod: delete and recreate it with the new values',
      refusesPatch: true,
    };
  if (ref.kind === 'Job')
    return { manager: 'job', advice: 'a Job is immutable: set the values where it is made', refusesPatch: true };
  return (object && helmOf(object)) ?? { manager: 'none', refusesPatch: false };
}

function gitopsOf(object: KubeObject): Manager | undefined {
  const { labels = {}, annotations = {}, managedFields = [] } = object.metadata;
  const argo = labels['argocd.argoproj.io/instance'] ?? annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  const applier = APPLIERS.find(([pattern]) =>
    managedFields.some((f) => f.operation === 'Apply' && pattern.test(f.manager ?? '')),
  )?.[1];
  const manager = argo !== undefined ? 'argo-cd' : flux !== undefined ? 'flux' : applier;
  if (manager === undefined) return undefined;
  const name = argo ?? flux;
  const who = manager === 'argo-cd' ? 'Argo CD' : 'Flux';
  return {
    manager,
    ...(name !== undefined && { name }),
    advice: `change it in git: ${who}${name === undefined ? '' : ` (${name})`} would revert a patch`,
    refusesPatch: true,
  };
}

function helmOf(object: KubeObject): Manager | undefined {
  const { labels = {}, annotations = {} } = object.metadata;
  const release = annotations['meta.helm.sh/release-name'];
  if (release === undefined && labels['app.kubernetes.io/managed-by'] !== 'Helm') return undefined;
  return {
    manager: 'helm',
    ...(release !== undefined && { name: release }),
    advice: `change it in the values of the Helm release${release === undefined ? '' : ` ${release}`}: its next upgrade undoes a patch`,
    refusesPatch: false,
  };
}
