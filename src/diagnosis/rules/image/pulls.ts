import {
  ageOf,
  containersOf,
  type CatalogueId,
  type ContainerView,
  type Evidence,
  type KubeEvent,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { livePods } from '../../rule.ts';
import { fullName } from './reference.ts';

/** One container whose image cannot be pulled now. */
export interface Pull {
  readonly pod: Pod;
  readonly container: ContainerView;
  readonly image: string;
  /** What the registry or the runtime said; empty where nothing but a back-off was recorded. */
  readonly text: string;
  /** Where the text was read. */
  readonly said: Evidence;
  readonly id: CatalogueId;
}

const REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'RegistryUnavailable',
  'ImageInspectError',
  'SignatureValidationFailed',
]);
/** A first try may fail by chance; the kubelet repeats it after ten seconds. */
const FIRST_TRY_MS = 15_000;

/** What refusals of registries and runtimes look like; the first that matches decides. */
const TEXTS: readonly (readonly [CatalogueId, RegExp])[] = [
  [
    'image/platform-mismatch',
    /no match for platform in manifest|no matching manifest for|does not match the specified platform|no image found in (manifest|image index)/i,
  ],
  ['image/signature-rejected', /signature (validation|verification)|policy (rejected|denied)|cosign/i],
  ['image/no-space', /no space left on device|disk quota exceeded/i],
  ['image/rate-limited', /toomanyrequests|429 too many requests|rate limit|pull QPS exceeded/i],
  [
    'image/registry-dns',
    /lookup \S+.*(no such host|server misbehaving|i\/o timeout|temporary failure in name resolution)/i,
  ],
  [
    'image/registry-tls',
    /x509: |certificate signed by unknown authority|certificate has expired|server gave HTTP response to HTTPS client|\btls: /,
  ],
  [
    'image/unauthorized',
    /pull access denied|unauthorized|authentication required|insufficient_scope|403 forbidden|no basic auth credentials|may require authorization|(?<!permission )denied: /i,
  ],
  ['image/not-found', /not found|manifest unknown|name unknown|MANIFEST_UNKNOWN|NAME_UNKNOWN/],
  [
    'image/registry-unreachable',
    /i\/o timeout|deadline exceeded|connection refused|connection reset|no route to host|TLS handshake timeout|network is unreachable|Client\.Timeout exceeded|\b50[0234] |\bEOF\b/,
  ],
];

/** Which refusal a text tells of. Names and addresses in it are no part of what it says: an image may be called `eof`. */
export function refusalOf(text: string, image: string): CatalogueId {
  const words = [image, fullName(image)]
    .reduce((rest, name) => rest.replaceAll(name, ''), text.replace(/https?:\/\/\S+/g, ''))
    .replace(/"[^"]*"/g, '');
  return TEXTS.find(([, pattern]) => pattern.test(words))?.[0] ?? 'image/pull-failed';
}

const known = new WeakMap<ClusterView, readonly Pull[]>();

/** Every pull that fails now; found once for all rules of the group. */
export function failingPulls(view: ClusterView): readonly Pull[] {
  let pulls = known.get(view);
  if (!pulls) known.set(view, (pulls = [...find(view)]));
  return pulls;
}

function* find(view: ClusterView): Generator<Pull> {
  for (const pod of livePods(view)) {
    if (ageOf(pod, view.at) < FIRST_TRY_MS) continue;
    for (const container of containersOf(pod)) {
      const reason = container.status?.state?.waiting?.reason ?? '';
      const { image } = container.spec;
      if (!REASONS.has(reason) || image === undefined) continue;
      const { text, said } = whatWasSaid(view, pod, container);
      const id = reason === 'SignatureValidationFailed' ? 'image/signature-rejected' : refusalOf(text, image);
      yield { pod, container, image, text, said, id };
    }
  }
}

/** Older kubelets put no cause into the message of a back-off; the event of the failed pull has it. */
function whatWasSaid(view: ClusterView, pod: Pod, container: ContainerView): Pick<Pull, 'text' | 'said'> {
  const message = container.status?.state?.waiting?.message ?? '';
  if (!/^Back-off pulling image "[^"]*"$/.test(message) && message !== '')
    return { text: message, said: field(pod, `${container.statusPath}.state.waiting.message`) };
  const failed = view
    .events(pod, 'Failed')
    .findLast((e) => isAbout(e, container) && /^Failed to pull image/.test(e.message ?? ''));
  if (failed) return { text: failed.message ?? '', said: event(failed) };
  const path = `${container.statusPath}.state.waiting.${message === '' ? 'reason' : 'message'}`;
  return { text: '', said: field(pod, path) };
}

/** Events of a pod name their container by field path; old ones only quote the image. */
export function isAbout(e: KubeEvent, { name, spec }: ContainerView): boolean {
  const { fieldPath } = e.involvedObject;
  if (fieldPath !== undefined) return fieldPath.endsWith(`{${name}}`);
  return spec.image !== undefined && (e.message ?? '').includes(`"${spec.image}"`);
}
