import { oneLine, ref } from '../../../domain/index.ts';
import { absence, field, inNamespace } from '../../evidence.ts';
import { grace } from '../../settings.ts';
import { mountRule, WORDS } from './mount-rule.ts';
import { detailOf } from './mounting.ts';

export const tokenProjection = mountRule('storage/token-projection', WORDS.token, (mounting, complaint, { view }) => {
  const { pod, workload } = mounting;
  const cache = /failed to sync/.test(complaint.message);
  // Caches of a kubelet that starts many pods at once are late for a moment.
  if (cache && mounting.waited < grace.creating) return undefined;
  const account = pod.spec?.serviceAccountName ?? 'default';
  const { namespace } = pod.metadata;
  const gone = view.find('ServiceAccount', namespace, account).state === 'absent';
  const detail = gone
    ? `ServiceAccount ${account} does not exist`
    : cache
      ? 'the kubelet cannot read what it needs'
      : 'it is refused';
  return {
    causeKey: gone ? account : detail,
    title: `${workload.name} gets no ServiceAccount token: ${detail}`,
    cause: gone
      ? `ServiceAccount ${account} was deleted from ${namespace ?? ''} after the pod was admitted, so the kubelet can issue no token for volume ${complaint.name}.`
      : `The kubelet cannot prepare volume ${complaint.name}: ${oneLine(detailOf(complaint), 200)}.`,
    causedBy: [ref('ServiceAccount', namespace, account)],
    evidence: [
      field(pod, '.spec.serviceAccountName'),
      ...(gone ? [absence('ServiceAccount', namespace, account)] : []),
    ],
    remediation: gone
      ? [
          {
            text: `Create ServiceAccount ${account} again`,
            command: `kubectl create serviceaccount ${account}${inNamespace(namespace)}`,
          },
        ]
      : [
          {
            text: 'See whether the account exists and what the projected volume asks for',
            command: `kubectl get serviceaccount ${account}${inNamespace(namespace)} -o yaml`,
          },
        ],
  };
});

export const secretsStore = mountRule(
  'storage/secrets-store',
  WORDS.secretsStore,
  ({ pod, workload, node }, complaint) => {
    const attributes = complaint.volume?.csi?.volumeAttributes;
    const name = attributes?.secretProviderClass ?? '';
    const at = `.spec.volumes[?(@.name=="${complaint.volume?.name ?? ''}")].csi.volumeAttributes.secretProviderClass`;
    return {
      causeKey: name,
      title: `${workload.name}: the secrets of SecretProviderClass ${name} cannot be delivered`,
      cause: `The secrets store driver answers: ${oneLine(detailOf(complaint), 250)}`,
      evidence: name === '' ? [] : [field(pod, at)],
      remediation: [
        {
          text: 'See the class and the object names in it',
          command: `kubectl get secretproviderclass ${name}${inNamespace(pod.metadata.namespace)} -o yaml`,
        },
        { text: `Check the permission of its identity in the vault, and the provider's pod on ${node}` },
      ],
    };
  },
);
