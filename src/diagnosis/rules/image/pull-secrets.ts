import {
  groupBy,
  listed,
  nearest,
  oneLine,
  ref,
  refKey,
  refOf,
  type KubeEvent,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, event, inNamespace } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { onset, sentences, target, TITLE } from './drafts.ts';
import { failingPulls, type Pull } from './pulls.ts';
import { parseImage, shortImage } from './reference.ts';
import { pullSecretEvidence, pullSecretNames } from './refused.ts';

/** Names of the pull secrets that the kubelet did not find, and where it says so. */
function notRetrieved(view: ClusterView, pod: Pod): { names: readonly string[]; said?: KubeEvent } {
  const said = view.events(pod, 'FailedToRetrieveImagePullSecret').at(-1);
  const names = /\(([^)]*)\)/.exec(said?.message ?? '')?.[1]?.split(/,\s*/) ?? [];
  return { names: names.filter((n) => n !== ''), ...(said && { said }) };
}

export const pullSecretMissing: Rule = {
  id: 'image/pull-secret-missing',
  severity: 'critical',
  confidence: 'certain',
  // Secrets need not be listed: the kubelet's event tells. Its absence tells nothing.
  needs: ['Pod', 'Event'],
  *check({ view }) {
    const byPod = groupBy(failingPulls(view), (pull) => refKey(refOf(pull.pod)));
    for (const pulls of byPod.values()) {
      const [pull] = pulls;
      if (!pull) continue;
      const { names, said } = notRetrieved(view, pull.pod);
      for (const name of names)
        if (said && view.find('Secret', pull.pod.metadata.namespace, name).state !== 'present')
          yield missing(view, pulls, pull, name, said);
    }
  },
};

function missing(view: ClusterView, pulls: readonly Pull[], pull: Pull, name: string, said: KubeEvent): Draft {
  const { pod } = pull;
  const { namespace } = pod.metadata;
  const workload = view.workload(pod);
  const near = nearest(
    name,
    view.inNamespace('Secret', namespace).map((s) => s.metadata.name ?? ''),
  );
  const index = pullSecretNames(pull).indexOf(name);
  const isRefused = pulls.some((p) => p.id === 'image/unauthorized');
  return {
    subject: refOf(pod),
    causeKey: name,
    title: oneLine(`Pull secret ${name} of ${workload.name} does not exist in ${namespace ?? ''}`, TITLE),
    cause: sentences(
      `Secret ${name} was not created in ${namespace ?? ''} (Secrets are not shared between namespaces), so the image is asked for without it.`,
      isRefused ? '' : 'The pull fails for another reason at present.',
      near === undefined ? '' : `The nearest name is ${near}.`,
    ),
    // Where the registry did not refuse, the pull may well succeed without it.
    ...(!isRefused && { severity: 'warning' as const }),
    ...onset(pod),
    causedBy: [ref('Secret', namespace, name)],
    evidence: [
      event(said),
      ...(index < 0 ? [] : pullSecretEvidence(pull).slice(index, index + 1)),
      ...(view.find('Secret', namespace, name).state === 'absent' ? [absence('Secret', namespace, name)] : []),
    ],
    remediation: [
      {
        text: 'See which pull secrets the namespace has',
        command: `kubectl get secrets${inNamespace(namespace)} --field-selector type=kubernetes.io/dockerconfigjson`,
      },
      {
        text:
          near === undefined
            ? `Create Secret ${name} in ${namespace ?? ''} from credentials of your own, or correct the name in ${target(workload)} or its ServiceAccount`
            : `Correct the name in ${target(workload)} or its ServiceAccount to ${near}`,
      },
    ],
  };
}

export const pullSecretWrong: Rule = {
  id: 'image/pull-secret-wrong',
  severity: 'critical',
  confidence: 'likely',
  needs: ['Pod', 'Event'],
  *check({ view }) {
    if (view.all('Event').length === 0 && !view.isComplete('Event')) return;
    for (const pull of failingPulls(view)) {
      const names = pullSecretNames(pull);
      if (pull.id !== 'image/unauthorized' || names.length === 0) continue;
      if (notRetrieved(view, pull.pod).names.length > 0) continue;
      const { namespace } = pull.pod.metadata;
      const { host } = parseImage(pull.image);
      const workload = view.workload(pull.pod);
      const which = names.length === 1 ? `Pull secret ${names[0] ?? ''} does` : `Pull secrets ${listed(names)} do`;
      yield {
        subject: refOf(pull.pod),
        container: pull.container.name,
        causeKey: `${host} ${names.join(',')}`,
        title: oneLine(`${which} not open ${shortImage(pull.image)} of ${workload.name}`, TITLE),
        cause: `${host} refused the pull although the kubelet found the Secret: most likely it holds credentials of another registry or an expired password, or is of the wrong type, because the event names no Secret as missing. The Secret itself is never read.`,
        ...onset(pull.pod),
        evidence: [pull.said, ...pullSecretEvidence(pull)],
        remediation: [
          {
            text: 'See the type of the Secret: it must be kubernetes.io/dockerconfigjson',
            command: `kubectl get secret ${names[0] ?? ''}${inNamespace(namespace)} -o jsonpath='{.type}'`,
          },
          { text: `Create a pull secret for ${host} and name it in ${target(workload)}` },
        ],
      };
    }
  },
};
