import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  containersOf,
  count,
  formatDuration,
  isReady,
  lastEnd,
  listed,
  parseTime,
  refOf,
  type KubeEvent,
  type Node,
} from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import { roomOf } from '../../placement/index.ts';
import type { Rule } from '../../rule.ts';
import { nodeName, workingNodes } from './common.ts';

export const rebooted: Rule = {
  id: 'node/rebooted',
  severity: 'info',
  confidence: 'certain',
  needs: ['Node', 'Event'],
  *check(context) {
    const { view, now } = context;
    for (const node of workingNodes(context)) {
      const reboots = view.events(node, 'Rebooted');
      const last = reboots.at(-1);
      const at = last && eventTime(last);
      if (!last || at === undefined) continue;
      const name = nodeName(node);
      const pods = roomOf(view).nodes.find((room) => room.node === node)?.pods ?? [];
      const restarted = pods.filter((pod) =>
        containersOf(pod).some((c) => (parseTime(lastEnd(c)?.finishedAt) ?? 0) >= at - 120_000),
      );
      const down = restarted.filter((pod) => !isReady(pod) && pod.status?.phase === 'Running' && now - at > 300_000);
      const again = reboots.length > 1 || (last.count ?? 1) > 1;
      yield {
        subject: refOf(node),
        causeKey: 'rebooted',
        severity: again || down.length > 0 ? 'warning' : 'info',
        since: new Date(at).toISOString(),
        title: `Node ${name} restarted${again ? ' more than once' : ''}${down.length > 0 ? ` and ${count(down.length, 'pod')} did not come back` : ''}`,
        cause: `The kubelet of ${name} reports a new boot ${formatDuration(now - at)} ago; ${count(restarted.length, 'pod')} restarted with it.${down.length > 0 ? ` Not Ready since: ${listed([...new Set(down.map((pod) => view.workload(pod).name))])}.` : ''}`,
        affects: restarted.map(refOf),
        evidence: [
          event(last),
          ...down.slice(0, 3).map((pod) => field(pod, '.status.conditions[?(@.type=="Ready")].status')),
        ],
        remediation: [
          {
            text: 'Look for the reason on the machine: kernel log, power, updates',
            command: `kubectl describe node ${name}`,
          },
        ],
      };
    }
  },
};

export const systemOom: Rule = {
  id: 'node/system-oom',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node', 'Event'],
  *check(context) {
    const { view } = context;
    for (const node of workingNodes(context)) {
      const kills = view.events(node, 'SystemOOM', 'OOMKilling').filter((e) => !isContainerKill(view, node, e));
      const last = kills.at(-1);
      const at = last && eventTime(last);
      if (!last || at === undefined) continue;
      const name = nodeName(node);
      const victim = /victim process: ([^,\s]+)|[Kk]illed process \d+ \(([^)]+)\)/.exec(last.message ?? '');
      const process = victim?.[1] ?? victim?.[2];
      yield {
        subject: refOf(node),
        causeKey: process ?? 'process',
        since: new Date(at).toISOString(),
        title: `Kernel killed ${process === undefined ? 'a process' : `process ${process}`} on node ${name}: memory ran out`,
        cause: `The memory of ${name} was used up, or a child process in a container was killed while its main process lived on: ${last.message ?? ''}`,
        evidence: [event(last)],
        remediation: [
          { text: 'See what its pods request and may use', command: `kubectl describe node ${name}` },
          { text: 'Set memory requests and limits on the pods of this node' },
        ],
      };
    }
  },
};

/** A kill at a container's own limit is reported at the container: same minute, same node. */
function isContainerKill(view: ClusterView, node: Node, kill: KubeEvent): boolean {
  const at = eventTime(kill) ?? 0;
  const pods = roomOf(view).nodes.find((room) => room.node === node)?.pods ?? [];
  return pods.some((pod) =>
    containersOf(pod).some((c) => {
      const end = lastEnd(c);
      return end?.reason === 'OOMKilled' && Math.abs((parseTime(end.finishedAt) ?? 0) - at) <= 60_000;
    }),
  );
}
