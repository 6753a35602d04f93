import { oneLine, type Evidence } from '../../../domain/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import { ELSEWHERE, mountRule, WORDS, withoutPaths } from './mount-rule.ts';
import { detailOf, type Complaint } from './mounting.ts';

const KINDS: Readonly<Record<string, string>> = {
  Directory: 'a directory',
  File: 'a file',
  Socket: 'a socket',
  CharDevice: 'a character device',
  BlockDevice: 'a block device',
};

export const hostPathType = mountRule('storage/hostpath-type', WORDS.hostPath, ({ pod, workload, node }, complaint) => {
  const { path = '', type = '' } = complaint.volume?.hostPath ?? {};
  const at = `.spec.volumes[?(@.name=="${complaint.volume?.name ?? ''}")].hostPath`;
  const kind = KINDS[type] ?? `a ${type}`;
  return {
    causeKey: `${path} ${type}`,
    title: `${workload.name}: host path ${path} is not ${kind} on its node`,
    cause: `Volume ${complaint.name} wants ${path} on node ${node} to be of type ${type}; it is of another type or does not exist there.`,
    evidence: complaint.volume
      ? [field(pod, `${at}.path`), field(pod, `${at}.type`), field(pod, '.spec.nodeName')]
      : [],
    remediation: [
      { text: `See what ${path} is on ${node}, and create it there or choose nodes that have it` },
      { text: 'If it may be created empty, use type DirectoryOrCreate or FileOrCreate' },
    ],
  };
});

export const driverNotOnNode = mountRule(
  'storage/csi-driver-not-on-node',
  WORDS.driver,
  ({ workload, node }, complaint, { view }) => {
    const match = /driver name (\S+) not found|does not contain driver (\S+)/.exec(complaint.message);
    const driver = match?.[1] ?? match?.[2];
    if (driver === undefined) return undefined;
    const csiNode = view.get('CSINode', undefined, node);
    // The plugin has registered since.
    if (registers(csiNode?.spec.drivers, driver)) return undefined;
    return {
      causeKey: `${driver}@${node}`,
      title: `CSI driver ${driver} is not running on node ${node}`,
      cause: `Volume ${complaint.name} of ${workload.name} is mounted by ${driver}, which has not registered with the kubelet of ${node}: its node plugin has no running pod there.`,
      evidence: csiNode ? [field(csiNode, '.metadata.name')] : [],
      remediation: [
        {
          text: 'Look for the node plugin of the driver on that node',
          command: `kubectl get pods -A -o wide --field-selector spec.nodeName=${node}`,
        },
        { text: 'Repair or install its DaemonSet; a taint that it does not tolerate keeps it away as well' },
      ],
    };
  },
);

/** The API server writes null for an empty list here. */
function registers(drivers: readonly { readonly name: string }[] | null | undefined, driver: string): boolean {
  return drivers?.some((d) => d.name === driver) === true;
}

/** What the text of a failed mount means, most specific first. */
const BACKEND: readonly (readonly [RegExp, short: string, text: string])[] = [
  [
    /unknown filesystem type '([^']+)'/,
    'node lacks file system $1',
    'The node has no tools or module for file system $1.',
  ],
  [/access denied by server/, 'the server denies access', 'The file server does not export the path to this node.'],
  [
    /[Cc]onnection timed out|[Cc]onnection refused/,
    'the server does not answer',
    'The file server cannot be reached from the node.',
  ],
  [/Stale file handle/, 'the export was replaced', 'The export was replaced on the server while it was mounted.'],
  [
    /path "([^"]+)" does not exist|No such file or directory/,
    'its path does not exist',
    'The path of the volume does not exist there.',
  ],
  [
    /wrong fs type|superblock|missing codepage|fsck/,
    'file system damaged or foreign',
    'The file system is damaged, of another type, or the tools to mount it are missing on the node.',
  ],
  [/[Pp]ermission denied/, 'permission denied', 'The backend refuses the node or its credentials.'],
];

export const mountBackendError = mountRule(
  'storage/mount-backend-error',
  WORDS.backend,
  ({ pod, workload, node }, complaint) => {
    if (ELSEWHERE.some((words) => words.test(complaint.message))) return undefined;
    const known = BACKEND.map(([words, short, text]) => ({ match: words.exec(complaint.message), short, text })).find(
      ({ match }) => match,
    );
    const fill = (text: string) => text.replace('$1', known?.match?.[1] ?? '');
    const short = known ? fill(known.short) : 'mount fails';
    return {
      causeKey: `${complaint.name} ${short}`,
      title: `${workload.name}: volume ${complaint.name} fails to mount: ${short}`,
      cause: `${known ? fill(known.text) : 'The mount command fails.'} Node ${node} reports: ${oneLine(withoutPaths(detailOf(complaint)), 220)}`,
      evidence: [field(pod, '.spec.nodeName'), ...sourceOf(complaint)],
      remediation: [
        {
          text: 'See what the volume points to',
          command: complaint.pv
            ? `kubectl describe pv ${complaint.pv.metadata.name ?? ''}`
            : `kubectl describe pod ${pod.metadata.name ?? ''}${inNamespace(pod.metadata.namespace)}`,
        },
        { text: `Test server, path and mount tools from ${node}; check a file system only on a detached copy` },
      ],
    };
  },
);

function sourceOf({ pv, volume }: Complaint): readonly Evidence[] {
  if (!pv) return [];
  const source = (['local', 'nfs', 'csi', 'hostPath', 'iscsi'] as const).find((key) => pv.spec?.[key] !== undefined);
  return source === undefined || !volume ? [] : [field(pv, `.spec.${source}`)];
}
