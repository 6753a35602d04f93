import { jsonPathText, listed, ref, type Evidence } from '../../../domain/index.ts';
import { field, getCommand, inNamespace, shellWord } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { builtLocally, nodeOf, pullRule, sentences, setImage, target, wayBack } from './drafts.ts';
import { nearestRunning } from './known-images.ts';
import type { Pull } from './pulls.ts';
import { parseImage, shortImage } from './reference.ts';

/** The registry answered: there is no such image. */
export const notFound: Rule = pullRule('image/not-found', (pull, workload, context) => {
  const { view } = context;
  const { host, path, tag, digest } = parseImage(pull.image);
  const back = wayBack(context, pull, workload);
  const near = nearestRunning(view, pull.image);
  const version = digest === undefined ? `tag ${tag ?? 'latest'}` : 'digest';
  const alternative = near && near.image !== back.earlier?.image ? near : undefined;
  const right = back.earlier?.image ?? near?.image;
  return {
    title: `Image ${shortImage(pull.image)} of ${workload.name} does not exist in its registry`,
    cause: sentences(
      `${host} has no ${path} with that ${version}: the reference is misspelt or the image was never pushed.`,
      back.words,
      alternative ? `The nearest image that runs is ${alternative.image}.` : '',
    ),
    evidence: [...back.evidence, ...(alternative ? [field(alternative.pod, alternative.path)] : [])],
    remediation: [setImage(workload, pull.container.name, right ?? '<image that exists>'), ...back.steps, builtLocally],
    ...back.fix,
  };
});

/** The registry wants to know who asks. */
export const unauthorized: Rule = pullRule('image/unauthorized', (pull, workload) => {
  const { host } = parseImage(pull.image);
  const names = pullSecretNames(pull);
  const secrets = names.map((name) => ref('Secret', pull.pod.metadata.namespace, name));
  const none = names.length === 0;
  return {
    title: `Registry ${host} refuses ${shortImage(pull.image)} of ${workload.name}${none ? ': no pull secret' : ''}`,
    cause: none
      ? `The pod has no pull secret and ${host} does not give the image to everybody, or the repository does not exist.`
      : `The pull secrets of the pod (${listed(names)}) give no access to the image at ${host}, or the repository does not exist.`,
    evidence: none ? [] : pullSecretEvidence(pull),
    causedBy: secrets,
    remediation: [
      {
        text: `Check that the name is right, then that a pull secret for ${host} is attached`,
        command: `kubectl get pod ${pull.pod.metadata.name ?? ''}${inNamespace(workload.namespace)} -o jsonpath='{.spec.imagePullSecrets}'`,
      },
      {
        text: 'Create one from credentials of your own and name it in the pod template',
        command:
          `kubectl create secret docker-registry <name>${inNamespace(workload.namespace)} ` +
          `--docker-server=${shellWord(host)} --docker-username=<user> --docker-password=<password>`,
      },
      builtLocally,
    ],
  };
});

export function pullSecretNames({ pod }: Pick<Pull, 'pod'>): readonly string[] {
  return (pod.spec?.imagePullSecrets ?? []).flatMap((s) => (s.name === undefined ? [] : [s.name]));
}

export function pullSecretEvidence({ pod }: Pick<Pull, 'pod'>): readonly Evidence[] {
  return (pod.spec?.imagePullSecrets ?? []).map((_, i) => field(pod, `.spec.imagePullSecrets[${i}].name`));
}

/** The registry answers everybody too often. */
export const rateLimited: Rule = pullRule(
  'image/rate-limited',
  (pull, workload) => {
    const { host } = parseImage(pull.image);
    const byKubelet = /pull QPS exceeded/.test(pull.text);
    return {
      title: byKubelet
        ? `The kubelet holds back the image of ${workload.name}: pull QPS exceeded`
        : `Registry ${host} limits pulls of ${workload.name}: too many requests (429)`,
      cause: byKubelet
        ? 'More pulls were asked of the node at once than its registryPullQPS allows; the kubelet tries again later.'
        : `${host} answered 429: the pulls that it allows to this address or account are used up for now.`,
      causeKey: byKubelet ? 'kubelet' : host,
      evidence: [...nodeOf(pull.pod), field(pull.pod, `${pull.container.specPath}.imagePullPolicy`)],
      remediation: [
        { text: 'Wait: the kubelet repeats the pull, and the limit frees itself' },
        {
          text: `Pull with an account or through a mirror, and set imagePullPolicy: IfNotPresent for fixed tags of ${target(workload)}`,
        },
      ],
    };
  },
  'warning',
);

/** The image exists, but not for this machine. */
export const platformMismatch: Rule = pullRule('image/platform-mismatch', (pull, workload, { view }) => {
  const nodeName = pull.pod.spec?.nodeName ?? '';
  const node = view.get('Node', undefined, nodeName);
  const { operatingSystem = 'linux', architecture } = node?.status?.nodeInfo ?? {};
  const platform = architecture === undefined ? `node ${nodeName}` : `${operatingSystem}/${architecture}`;
  const others = [...new Set(view.all('Node').map((n) => n.status?.nodeInfo?.architecture))].filter(
    (a) => a !== undefined && a !== architecture,
  );
  return {
    title: `Image ${shortImage(pull.image)} of ${workload.name} has no variant for ${platform}`,
    cause: sentences(
      `The registry holds the image for other platforms than that of node ${nodeName}.`,
      others.length > 0 ? `Nodes of other platforms are in the cluster: ${listed(others.map(jsonPathText))}.` : '',
    ),
    causeKey: `${pull.image} ${platform}`,
    evidence: [
      ...nodeOf(pull.pod),
      ...(node && architecture !== undefined ? [field(node, '.status.nodeInfo.architecture')] : []),
    ],
    remediation: [
      {
        text: 'See which platforms the image has and which the nodes are',
        command: 'kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch',
      },
      {
        text: `Push the missing platform, or let ${target(workload)} select nodes of one that exists (nodeSelector kubernetes.io/arch)`,
      },
    ],
  };
});

/** The image came, and there is no room to unpack it. */
export const noSpace: Rule = pullRule('image/no-space', (pull, workload, { view }) => {
  const nodeName = pull.pod.spec?.nodeName ?? '';
  const node = view.get('Node', undefined, nodeName);
  const pressure = '.status.conditions[?(@.type=="DiskPressure")].status';
  return {
    title: `Node ${nodeName} has no disk space left to unpack ${shortImage(pull.image)}`,
    cause: `The image file system of node ${nodeName} is full and removing unused images did not free enough, so ${workload.name} cannot start there.`,
    causeKey: nodeName,
    evidence: [...nodeOf(pull.pod), ...(node ? [field(node, pressure)] : [])],
    causedBy: [ref('Node', undefined, nodeName)],
    remediation: [
      {
        text: 'See what the node reports, and which pods on it use large emptyDir volumes',
        command: `kubectl describe node ${nodeName}`,
      },
      { text: 'Free or enlarge the disk of the node' },
    ],
  };
});

/** The runtime pulls only what is signed. */
export const signatureRejected: Rule = pullRule('image/signature-rejected', (pull, workload) => ({
  title: `Image ${shortImage(pull.image)} of ${workload.name} is refused by the signature policy of its node`,
  cause: 'The image is not signed as the policy of the container runtime requires.',
  evidence: nodeOf(pull.pod),
  remediation: [
    { text: 'Sign the image, or use a signed tag of it' },
    { text: 'A change of the policy is for its owner to make' },
  ],
}));

/** The pull failed, for a reason that no other rule knows. */
export const pullFailed: Rule = pullRule('image/pull-failed', (pull, workload) => ({
  title: `Image ${shortImage(pull.image, 24)} of ${workload.name} cannot be pulled${pull.text === '' ? '' : `: ${lastWords(pull)}`}`,
  cause: `The registry or the container runtime did not deliver the image: ${pull.text === '' ? 'it gave no reason' : lastWords(pull)}.`,
  evidence: nodeOf(pull.pod),
  remediation: [
    {
      text: 'Read what the kubelet tried',
      command: getCommand(ref('Pod', pull.pod.metadata.namespace, pull.pod.metadata.name ?? '')).replace(
        'kubectl get',
        'kubectl describe',
      ),
    },
    { text: 'Pull the same reference from a machine with the same credentials' },
    builtLocally,
  ],
}));

/** The innermost part of a Go error: the text behind the last wrap. */
function lastWords({ text }: Pull): string {
  return text.split(': ').at(-1) ?? text;
}
