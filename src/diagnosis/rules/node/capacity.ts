import { keyStep, parseQuantity, refOf, type Node } from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import { partsOf, pendingPods, roomOf } from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { isNew, nodeName, workingNodes } from './common.ts';

export const podCapacity: Rule = {
  id: 'node/pod-capacity',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node', 'Pod'],
  *check({ view }) {
    const { nodes, allNodes, allPods } = roomOf(view);
    if (!allNodes || !allPods || nodes.length === 0) return;
    const full = nodes.filter(({ node, pods }) => {
      const max = Number(node.status?.allocatable?.pods ?? 0);
      return max > 0 && pods.length * 100 >= max * 95;
    });
    // One full node beside free ones is no fault, unless pods wait for it.
    const wanted = new Set(
      pendingPods(view)
        .filter((pending) => partsOf(pending, 'pod-slots').length > 0)
        .flatMap(({ placement }) => placement?.open.map(({ name }) => name) ?? []),
    );
    for (const { node, name, pods } of full) {
      if (full.length < nodes.length && !wanted.has(name)) continue;
      const max = node.status?.allocatable?.pods ?? '';
      yield {
        subject: refOf(node),
        causeKey: 'pods',
        title: `Node ${name} runs ${pods.length} of ${max} pods`,
        cause: `The number of pods, not cpu or memory, is used up on ${name}: ${pods.length} of ${max}.`,
        evidence: [
          field(node, '.status.allocatable.pods'),
          shown(refOf(node), 'pods', String(pods.length), `kubectl describe node ${name}`),
        ],
        remediation: [
          { text: 'See which pods are there', command: `kubectl get pods -A --field-selector spec.nodeName=${name}` },
          { text: 'Add nodes, or raise maxPods of the kubelet together with the address range of the node' },
        ],
      };
    }
  },
};

export const deviceLost: Rule = {
  id: 'node/device-lost',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    for (const node of workingNodes(context)) {
      if (isNew(node, context.now)) continue;
      for (const [resource, capacity] of Object.entries(node.status?.capacity ?? {})) {
        const draft = resource.includes('/') ? deviceDraft(node, resource, capacity) : undefined;
        if (draft) yield draft;
      }
    }
  },
};

function deviceDraft(node: Node, resource: string, capacity: string): Draft | undefined {
  const has = parseQuantity(capacity) ?? 0n;
  const offers = parseQuantity(node.status?.allocatable?.[resource]) ?? 0n;
  if (has === 0n || offers > 0n) return undefined;
  const name = nodeName(node);
  return {
    subject: refOf(node),
    causeKey: resource,
    title: `Node ${name} offers no usable ${resource} although it has ${capacity}`,
    cause: `The capacity of ${name} lists ${capacity} ${resource} and none of them may be used: the device plugin is not registered, or the devices are unhealthy.`,
    evidence: [
      field(node, `.status.capacity${keyStep(resource)}`),
      field(node, `.status.allocatable${keyStep(resource)}`),
    ],
    remediation: [
      {
        text: 'Look at the device plugin on the node',
        command: `kubectl get pods -A -o wide --field-selector spec.nodeName=${name}`,
      },
    ],
  };
}

export const versionSkew: Rule = {
  id: 'node/version-skew',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    const server = minorOf(context.view.identity.version);
    const serverText = context.view.identity.version;
    if (!server || serverText === undefined) return;
    for (const node of workingNodes(context)) {
      const text = node.status?.nodeInfo?.kubeletVersion;
      const kubelet = minorOf(text);
      if (!kubelet || text === undefined || kubelet.major !== server.major) continue;
      // Source: kubernetes.io/releases/version-skew-policy; two minors before 1.28.
      const behind = server.minor - kubelet.minor;
      const allowed = server.minor >= 28 ? 3 : 2;
      if (behind >= 0 && behind <= allowed) continue;
      const name = nodeName(node);
      yield {
        subject: refOf(node),
        causeKey: behind < 0 ? 'newer' : 'older',
        title: `Node ${name} runs kubelet ${text}, the API server ${serverText}: skew not supported`,
        cause:
          behind < 0
            ? `A kubelet may not be newer than the API server: ${text} against ${serverText}. The node was upgraded before the control plane.`
            : `A kubelet may be at most ${allowed} minor versions older than the API server: ${text} against ${serverText}.`,
        evidence: [
          field(node, '.status.nodeInfo.kubeletVersion'),
          shown(refOf(node), 'server version', serverText, 'kubectl version'),
        ],
        remediation: [
          {
            text:
              behind < 0 ? 'Upgrade the control plane' : `Upgrade the kubelet of ${name}, one minor version at a time`,
            command: 'kubectl get nodes -o wide',
          },
        ],
      };
    }
  },
};

function minorOf(version: string | undefined): { readonly major: number; readonly minor: number } | undefined {
  const match = /^v?(\d+)\.(\d+)/.exec(version ?? '');
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}
