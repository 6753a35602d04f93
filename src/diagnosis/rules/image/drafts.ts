import {
  oneLine,
  podSpecPath,
  refOf,
  type Action,
  type CatalogueId,
  type Evidence,
  type NonEmpty,
  type ObjectRef,
  type Pod,
  type Severity,
  type Step,
} from '../../../domain/index.ts';
import { field, inNamespace, shellWord } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { earlierImage, type EarlierImage } from './known-images.ts';
import { failingPulls, type Pull } from './pulls.ts';

/** Longest title. */
export const TITLE = 90;

/** What one rule of this file's users adds to what all failing pulls have in common. */
export interface Told {
  readonly title: string;
  readonly cause: string;
  readonly causeKey?: string;
  readonly evidence?: readonly Evidence[];
  readonly causedBy?: readonly ObjectRef[];
  readonly remediation: NonEmpty<Step>;
  readonly fix?: Action;
}

/** A rule about pulls that fail with texts of its id. */
export function pullRule(
  id: CatalogueId,
  tell: (pull: Pull, workload: ObjectRef, context: RuleContext) => Told,
  severity: Severity = 'critical',
): Rule {
  return {
    id,
    severity,
    confidence: 'certain',
    needs: ['Pod', 'Event'],
    *check(context) {
      for (const pull of failingPulls(context.view))
        if (pull.id === id) yield draftOf(pull, tell(pull, context.view.workload(pull.pod), context));
    },
  };
}

function draftOf(pull: Pull, { title, evidence = [], ...told }: Told): Draft {
  return {
    subject: refOf(pull.pod),
    container: pull.container.name,
    causeKey: pull.image,
    title: oneLine(title, TITLE),
    ...onset(pull.pod),
    ...told,
    evidence: [pull.said, field(pull.pod, `${pull.container.specPath}.image`), ...evidence],
  };
}

export function onset(pod: Pod): { since?: string } {
  const { creationTimestamp } = pod.metadata;
  return creationTimestamp === undefined ? {} : { since: creationTimestamp };
}

/** `deployment/web`, as kubectl takes it. */
export function target(workload: ObjectRef): string {
  return `${workload.kind.toLowerCase()}/${workload.name}`;
}

/** The node of a pod, as evidence for faults that lie between it and the registry. */
export function nodeOf(pod: Pod): readonly Evidence[] {
  return pod.spec?.nodeName === undefined ? [] : [field(pod, '.spec.nodeName')];
}

/** The workloads whose template can be given another image. */
function isPatchable(workload: ObjectRef): boolean {
  return ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'].includes(workload.kind);
}

/** How to give a container another image. */
export function setImage(workload: ObjectRef, container: string, image: string): Step {
  return {
    text: isPatchable(workload) ? 'Correct the image reference' : `Create ${target(workload)} again with a right image`,
    ...(isPatchable(workload) && {
      command: `kubectl set image ${target(workload)}${inNamespace(workload.namespace)} ${container}=${shellWord(image)}`,
    }),
  };
}

/** A typed change of one field of a container; only for workloads whose template can be patched. */
export function containerFix(workload: ObjectRef, specPath: string, name: string, value: string): { fix?: Action } {
  if (!isPatchable(workload)) return {};
  const path = `${podSpecPath(workload.kind)}${specPath.slice('.spec'.length)}.${name}`;
  return { fix: { verb: 'set-image', target: workload, path, value } };
}

/** What an earlier revision offers: the step back to its image, the typed change and the line that shows it. */
export interface WayBack {
  readonly earlier?: EarlierImage;
  readonly words: string;
  readonly evidence: readonly Evidence[];
  readonly steps: readonly Step[];
  readonly fix: { fix?: Action };
}

export function wayBack(context: RuleContext, pull: Omit<Pull, 'text' | 'said' | 'id'>, workload: ObjectRef): WayBack {
  const earlier = earlierImage(context.view, workload, pull);
  if (!earlier) return { words: '', evidence: [], steps: [], fix: {} };
  const { image, replicaSet } = earlier;
  const list = pull.container.role === 'main' ? 'containers' : 'initContainers';
  const path = `.spec.template.spec.${list}[?(@.name=="${pull.container.name}")].image`;
  return {
    earlier,
    words: `The revision before it has ${image}.`,
    evidence: [field(replicaSet, path)],
    steps: [
      {
        text: 'Or return to the last good revision',
        command: `kubectl rollout undo ${target(workload)}${inNamespace(workload.namespace)}`,
      },
    ],
    fix: containerFix(workload, pull.container.specPath, 'image', image),
  };
}

/** Images that were built on somebody's machine are in no registry. */
export const builtLocally: Step = {
  text:
    'If the image exists only on your machine, build it inside the runtime of the cluster ' +
    '(Minikube: eval $(minikube docker-env), then build) and set imagePullPolicy: IfNotPresent',
};

export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
