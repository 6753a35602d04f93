import { containersOf, isDeleting, isFinished, oneLine, refOf } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { withoutPaths } from './mount-rule.ts';

const SUBPATH = /failed to prepare subPath|failed to create subPath directory|not a directory: unknown/;

export const subPathFailed: Rule = {
  id: 'storage/subpath-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pod of view.all('Pod')) {
      if (isFinished(pod) || isDeleting(pod)) continue;
      for (const c of containersOf(pod)) {
        const waiting = c.status?.state?.waiting;
        const message = waiting?.message ?? '';
        if (!SUBPATH.test(message)) continue;
        const quoted = /volumeMount "([^"]+)"/.exec(message)?.[1];
        const mounts = (c.spec.volumeMounts ?? [])
          .map((mount, i) => ({ ...mount, i }))
          .filter((mount) => (mount.subPath ?? mount.subPathExpr) !== undefined);
        const mount = mounts.find((m) => m.name === quoted) ?? mounts[0];
        if (!mount) continue;
        const path = mount.subPath ?? mount.subPathExpr ?? '';
        const workload = view.workload(pod);
        yield {
          subject: refOf(pod),
          container: c.name,
          causeKey: `${mount.name} ${path}`,
          title: `${workload.name}: subPath ${path} of volume ${mount.name} cannot be prepared`,
          cause: `Container ${c.name} mounts ${path} of volume ${mount.name}, and the kubelet cannot make it: ${oneLine(withoutPaths(message), 160)}. A part of the path is a file, or the volume is read-only or belongs to another user.`,
          ...(pod.status?.startTime !== undefined && { since: pod.status.startTime }),
          evidence: [
            field(pod, `${c.statusPath}.state.waiting.message`),
            field(
              pod,
              `${c.specPath}.volumeMounts[${mount.i}].${mount.subPath === undefined ? 'subPathExpr' : 'subPath'}`,
            ),
            field(pod, `${c.specPath}.volumeMounts[${mount.i}].name`),
          ],
          remediation: [
            {
              text: `Correct the subPath in ${workload.kind.toLowerCase()}/${workload.name}, or create the path in the volume first`,
            },
          ],
        };
      }
    }
  },
};
