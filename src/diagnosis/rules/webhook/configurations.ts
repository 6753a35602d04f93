import {
  groupBy,
  refKey,
  refOf,
  type LabelSelector,
  type MutatingWebhookConfiguration,
  type ObjectRef,
  type ValidatingWebhookConfiguration,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';

export type WebhookConfiguration = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;
type Entry = NonNullable<WebhookConfiguration['webhooks']>[number];

/** One webhook of a configuration. */
export interface Webhook {
  readonly configuration: WebhookConfiguration;
  readonly name: string;
  /** JSON path of its entry. */
  readonly path: string;
  /** Absent where it is called by URL. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port: number };
  /** False for failurePolicy Ignore: requests pass when it does not answer. */
  readonly failsClosed: boolean;
  readonly entry: Entry;
}

const cache = new WeakMap<ClusterView, readonly Webhook[]>();

/** All admission webhooks that were read. */
export function webhooksOf(view: ClusterView): readonly Webhook[] {
  let all = cache.get(view);
  if (!all) {
    all = [...view.all('ValidatingWebhookConfiguration'), ...view.all('MutatingWebhookConfiguration')].flatMap(entries);
    cache.set(view, all);
  }
  return all;
}

function entries(configuration: WebhookConfiguration): readonly Webhook[] {
  return (configuration.webhooks ?? []).map((entry) => {
    const to = entry.clientConfig.service;
    return {
      configuration,
      name: entry.name,
      path: `.webhooks[?(@.name=="${entry.name}")]`,
      ...(to && { service: { namespace: to.namespace, name: to.name, port: to.port ?? 443 } }),
      failsClosed: entry.failurePolicy !== 'Ignore',
      entry,
    };
  });
}

/** The webhooks of one configuration that call the same Service fail together: one group, one finding. */
export function byServer(view: ClusterView): readonly (readonly [Webhook, ...Webhook[]])[] {
  const withService = webhooksOf(view).filter((hook) => hook.service !== undefined);
  const groups = groupBy(
    withService,
    (hook) =>
      `${refKey(refOf(hook.configuration))} ${hook.service?.namespace ?? ''}/${hook.service?.name ?? ''}:${hook.service?.port ?? 0}`,
  );
  return [...groups.values()].flatMap(([first, ...rest]) => (first ? [[first, ...rest] as const] : []));
}

export function serviceRef(hook: Webhook): ObjectRef | undefined {
  return hook.service && { kind: 'Service', namespace: hook.service.namespace, name: hook.service.name };
}

/** `CREATE of pods, deployments`. */
export function whatItChecks(hook: Webhook): string {
  const rules = hook.entry.rules ?? [];
  const all = (lists: readonly (readonly string[] | undefined)[]): string =>
    [...new Set(lists.flatMap((list) => list ?? []))].map((word) => (word === '*' ? 'anything' : word)).join(', ');
  return `${all(rules.map((r) => r.operations)).replace('anything', 'any operation')} of ${all(rules.map((r) => r.resources))}`;
}

/** An absent or empty selector takes everything. */
export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  return Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
}
