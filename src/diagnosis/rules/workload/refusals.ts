import type { ClusterView } from '../../../cluster/index.ts';
import { oneLine, ref, refOf, type ObjectRef } from '../../../domain/index.ts';

/** Why the API server did not take a pod, read from the controller's message. */
export interface Refusal {
  /** For a title, after "cannot create pods: ". */
  readonly text: string;
  /** Objects in the namespace, or of the cluster, on which the cause would be found. */
  readonly refs: readonly ObjectRef[];
}

/** The API server's own words for each kind of refusal; the first that matches tells. */
const KINDS: readonly [RegExp, (match: readonly string[], namespace: string, view: ClusterView) => Refusal][] = [
  [
    /exceeded quota: ([^,\s]+)/,
    ([, quota = ''], ns) => ({ text: `quota ${quota} is used up`, refs: [ref('ResourceQuota', ns, quota)] }),
  ],
  [
    /failed quota: ([^:\s]+): must specify ([^;]+)/,
    ([, quota = '', what = ''], ns) => ({
      text: `quota ${quota} demands ${oneLine(what, 40)}`,
      refs: [ref('ResourceQuota', ns, quota)],
    }),
  ],
  [
    /violates PodSecurity "([^"]+)"/,
    ([, level = ''], ns) => ({ text: `Pod Security ${level} refuses them`, refs: [ref('Namespace', undefined, ns)] }),
  ],
  [
    /error looking up service account [^:]*: serviceaccount "([^"]+)" not found/,
    ([, name = ''], ns) => ({
      text: `ServiceAccount ${name} does not exist`,
      refs: [ref('ServiceAccount', ns, name)],
    }),
  ],
  [
    /failed calling webhook "([^"]+)"/,
    ([, name = ''], _, view) => ({ text: `webhook ${name} does not answer`, refs: webhooks(view, name) }),
  ],
  [
    /admission webhook "([^"]+)" denied the request/,
    ([, name = ''], _, view) => ({ text: `webhook ${name} refuses them`, refs: webhooks(view, name) }),
  ],
  [
    /no PriorityClass with name (\S+) was found/,
    ([, name = '']) => ({
      text: `PriorityClass ${name} does not exist`,
      refs: [ref('PriorityClass', undefined, name)],
    }),
  ],
  [
    /(?:RuntimeClass|runtimeclass[^"]*) "([^"]+)" not found/,
    ([, name = '']) => ({ text: `RuntimeClass ${name} does not exist`, refs: [ref('RuntimeClass', undefined, name)] }),
  ],
  [
    /(minimum|maximum) (\S+) usage per (Container|Pod) is ([^,\s]+)/,
    ([, bound = '', resource = '', per = '', value = '']) => ({
      text: `LimitRange ${bound} ${resource} per ${per} is ${value}`,
      refs: [],
    }),
  ],
  [
    / is invalid: (\S+): (Invalid|Required|Forbidden|Unsupported|Duplicate)/,
    ([, at = '']) => ({ text: `${at} is invalid`, refs: [] }),
  ],
];

/** The configurations that hold a webhook of this name: theirs is another one. */
function webhooks(view: ClusterView, name: string): readonly ObjectRef[] {
  return [...view.all('ValidatingWebhookConfiguration'), ...view.all('MutatingWebhookConfiguration')]
    .filter((configuration) => configuration.webhooks?.some((w) => w.name === name))
    .map(refOf);
}

/** The refusal that a FailedCreate message tells of; unclassified text is quoted. */
export function refusalOf(view: ClusterView, message: string, namespace: string): Refusal {
  for (const [text, refusal] of KINDS) {
    const match = text.exec(message);
    if (match) return refusal(match, namespace, view);
  }
  return { text: oneLine(message.replace(/^.*?(failed error|Error creating): /, ''), 50), refs: [] };
}
