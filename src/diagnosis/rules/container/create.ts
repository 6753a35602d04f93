import { containersOf, ref, refOf, type Evidence } from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { startErrorKind } from './ends.ts';
import { about, eventsAbout, runsOf } from './runs.ts';
import { capital, readLog, titled, who, withoutIdentity } from './words.ts';

export const configError: Rule = {
  id: 'container/config-error',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      const waiting = run.c.status?.state?.waiting;
      if (waiting?.reason !== 'CreateContainerConfigError') continue;
      const message = withoutIdentity(waiting.message ?? '', run.pod);
      yield {
        ...about(view, run),
        causeKey: message,
        title: titled(`${capital(who(run))} cannot be created: ${message}`),
        cause: `The kubelet could not build the container from the pod's spec: ${message}.`,
        evidence: [
          field(run.pod, `${run.c.statusPath}.state.waiting.message`),
          field(run.pod, `${run.c.statusPath}.state.waiting.reason`),
        ],
        remediation: [
          { text: 'Create or correct what the message names; the container then starts by itself' },
          {
            text: 'Read the whole spec of the container',
            command: `kubectl get pod ${run.pod.metadata.name ?? ''} -n ${run.pod.metadata.namespace ?? ''} -o jsonpath='{${run.c.specPath}}'`,
          },
        ],
      };
    }
  },
};

const SLOW_RUNTIME = /name .* is (already )?reserved|context deadline exceeded|failed to reserve container name/;

export const createError: Rule = {
  id: 'container/create-error',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      const { pod, c } = run;
      const waiting = c.status?.state?.waiting;
      const text = waiting?.message ?? '';
      if (waiting?.reason !== 'CreateContainerError' || startErrorKind(text, c) !== undefined) continue;
      const { nodeName = '' } = pod.spec ?? {};
      const isSlow = SLOW_RUNTIME.test(text);
      const message = withoutIdentity(text, pod);
      yield {
        ...about(view, run),
        causeKey: isSlow ? 'slow runtime' : message,
        title: titled(
          isSlow
            ? `The runtime of a node is too slow to create ${who(run)}`
            : `The runtime refuses to create ${who(run)}: ${message}`,
        ),
        cause: isSlow
          ? `An earlier attempt to create the container on ${nodeName} is still under way, so its name is taken: disk or processor of the node are overloaded.`
          : `The container runtime on the node refused the container: ${message}.`,
        ...(nodeName !== '' && { causedBy: [ref('Node', undefined, nodeName)] }),
        evidence: [field(pod, `${c.statusPath}.state.waiting.message`), field(pod, '.spec.nodeName')],
        remediation: isSlow
          ? [{ text: 'Look at the load of the node', command: `kubectl describe node ${nodeName}` }]
          : /no command specified/.test(text)
            ? [{ text: 'Set the command of the container, or build the image with one' }]
            : [
                {
                  text: 'See whether other pods start on that node',
                  command: `kubectl get pods -A --field-selector spec.nodeName=${nodeName}`,
                },
                { text: 'Correct what the message names, or put it onto the node' },
              ],
      };
    }
  },
};

const AS_ROOT = /container has runAsNonRoot and image (will run as root|has non-numeric user(?: \(([^)]*)\))?)/;

export const runsAsRootRefused: Rule = {
  id: 'container/runs-as-root-refused',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      const { pod, c } = run;
      const waiting = c.status?.state?.waiting;
      const match = waiting?.reason === 'CreateContainerConfigError' ? AS_ROOT.exec(waiting.message ?? '') : null;
      if (!match) continue;
      const user = match[1] === 'will run as root' ? 'root' : (match[2] ?? 'a user without number');
      const level = c.spec.securityContext?.runAsNonRoot === undefined ? '.spec' : c.specPath;
      yield {
        ...about(view, run),
        causeKey: user,
        title: titled(`${capital(who(run))} is refused: runAsNonRoot is set, its image runs as ${user}`),
        cause:
          `securityContext.runAsNonRoot is true, and the user of image ${c.spec.image ?? ''} is ${user}` +
          `${user === 'root' ? '' : ', a name that the kubelet cannot check'}, so the kubelet does not start it.`,
        evidence: [
          field(pod, `${c.statusPath}.state.waiting.message`),
          field(pod, `${level}.securityContext.runAsNonRoot`),
          field(pod, `${c.specPath}.image`),
        ],
        remediation: [
          { text: 'Set securityContext.runAsUser to a number, after checking who owns the files in the image' },
          { text: 'Or build the image with a numeric USER' },
        ],
      };
    }
  },
};

export const hookFailed: Rule = {
  id: 'container/hook-failed',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const run of runsOf(view)) {
      const { pod, c } = run;
      const isWaiting = c.status?.state?.waiting?.reason === 'PostStartHookError';
      if (!isWaiting && !(run.isFailing && run.kind === 'hook')) continue;
      const said = eventsAbout(view, pod, c, 'FailedPostStartHook').at(-1);
      const path = `${c.specPath}.lifecycle.postStart`;
      yield {
        ...about(view, run),
        causeKey: 'postStart',
        title: titled(`The postStart hook of ${who(run)} fails, so the container is killed`),
        cause: `The kubelet kills container ${c.name} whenever its postStart hook does not succeed, and tries again.`,
        evidence: [
          ...(said ? [event(said)] : []),
          field(pod, path),
          ...(isWaiting ? [field(pod, `${c.statusPath}.state.waiting.reason`)] : []),
        ] as [Evidence, ...Evidence[]],
        remediation: [
          { text: 'Make the hook tolerant of a process that is not listening yet, or move its work into the command' },
          readLog(run),
        ],
      };
    }
    for (const pod of view.all('Pod')) {
      const deadline = pod.metadata.deletionTimestamp;
      // A hook that fails during a deletion in time is harmless.
      if (deadline === undefined || now - Date.parse(deadline) < 300_000) continue;
      for (const c of containersOf(pod)) {
        const said = eventsAbout(view, pod, c, 'FailedPreStopHook', 'UnfinishedPreStopHook').at(-1);
        if (!said) continue;
        const workload = view.workload(pod);
        yield {
          subject: refOf(pod),
          container: c.name,
          causeKey: 'preStop',
          title: titled(`The preStop hook of container ${c.name} of ${workload.name} fails, and it does not stop`),
          cause: `The hook did not end as it should (${said.reason ?? ''}), and the pod is still there after its grace period.`,
          evidence: [event(said), field(pod, '.metadata.deletionTimestamp')],
          remediation: [{ text: 'Correct the preStop hook, and see why the process does not end when asked to' }],
        };
      }
    }
  },
};
