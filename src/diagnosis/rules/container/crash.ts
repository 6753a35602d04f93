import { eventTime } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { undo } from './fixes.ts';
import { about, eventsAbout, eventsAreKnown, runsOf, type Run } from './runs.ts';
import { isPlatformSidecarAlone } from './sidecar.ts';
import { capital, endEvidence, readLog, titled, who } from './words.ts';

/** Runs that end again and again, or ended for good, in one of the given ways. */
function* failing({ view }: RuleContext, ...kinds: readonly Run['kind'][]): Generator<Run> {
  for (const run of runsOf(view)) if (run.isFailing && kinds.includes(run.kind)) yield run;
}

/** The parts that all crashes share. */
function crash({ view }: RuleContext, run: Run): ReturnType<typeof about> & Pick<Draft, 'evidence'> {
  return { ...about(view, run), evidence: endEvidence(view, run) };
}

/** The fallback: a container that keeps ending. Whatever tells why absorbs it. */
export const crashLoop: Rule = {
  id: 'container/crashloop',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    const { view } = context;
    for (const run of runsOf(view)) {
      const { pod, c, end } = run;
      // Init containers have a fallback of their own.
      if (!run.isFailing || !end || c.role === 'init' || isPlatformSidecarAlone(view, run)) continue;
      const isRetried = c.status?.state?.waiting !== undefined || (c.status?.restartCount ?? 0) > 0;
      if (!isRetried || pod.spec?.restartPolicy === 'Never') continue;
      const { steps, fix } = undo(view, run);
      const reason = end.reason ?? 'Error';
      yield {
        ...crash(context, run),
        causeKey: `${reason}/${end.exitCode}`,
        title: titled(`${capital(who(run))} keeps crashing (${reason}, exit ${end.exitCode})`),
        cause:
          `The process of ${who(run)} ends soon after its start with exit code ${end.exitCode}, and the kubelet ` +
          `waits longer before each new try. Its exit code and last log lines are what is known of the reason.`,
        remediation: [readLog(run), ...steps],
        ...(fix && { fix }),
      };
    }
  },
};

/** The application gave up by itself. */
export const exitError: Rule = {
  id: 'container/exit-error',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check(context) {
    for (const run of failing(context, 'error')) {
      const code = run.end?.exitCode ?? 0;
      if (code === 128 || isPlatformSidecarAlone(context.view, run)) continue;
      const evidence = crash(context, run).evidence;
      const hasWords = evidence.length > 2;
      const { steps } = undo(context.view, run);
      yield {
        ...crash(context, run),
        causeKey: String(code),
        title: titled(`${capital(who(run))} exits with code ${code}`),
        cause: hasWords
          ? `The application stopped itself with exit code ${code}; its last words are in the evidence.`
          : `The application stopped itself with exit code ${code} and left no words that could be read.`,
        remediation: [
          readLog(run),
          ...steps,
          ...(hasWords
            ? []
            : [
                { text: 'Set terminationMessagePolicy: FallbackToLogsOnError, so that the reason stays in the status' },
              ]),
        ],
      };
    }
  },
};

const KEEPS_RUNNING = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet']);

/** A task where a service is expected. */
export const exitZero: Rule = {
  id: 'container/exit-zero',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check(context) {
    for (const run of failing(context, 'zero')) {
      const { pod, c, end } = run;
      if (c.role !== 'main' || (c.status?.restartCount ?? 0) < 2) continue;
      if (!end || end.reason !== 'Completed' || !KEEPS_RUNNING.has(context.view.owners(pod)[0]?.kind ?? '')) continue;
      const shape = (['command', 'args'] as const).filter((key) => (c.spec[key]?.length ?? 0) > 0);
      const base = crash(context, run);
      yield {
        ...base,
        causeKey: 'exit-zero',
        title: titled(`${capital(who(run))} finishes with exit 0 and is restarted for ever`),
        cause:
          `Its command ends successfully, but a ${run.workload.kind} keeps its containers running and starts it again. ` +
          'The command is a one-shot task, or starts its program in the background.',
        evidence: [...base.evidence, ...shape.map((key) => field(pod, `${c.specPath}.${key}`))],
        remediation: [
          { text: 'Run the program in the foreground, or move the task into a Job or CronJob' },
          readLog(run),
        ],
      };
    }
  },
};

const SIGNALS: Readonly<Record<number, string>> = {
  4: 'SIGILL, an instruction that the processor does not have',
  6: 'SIGABRT, the program or a library gave up',
  7: 'SIGBUS, a bad memory access',
  8: 'SIGFPE, an arithmetic fault',
  11: 'SIGSEGV, a bad memory access',
};

export const nativeCrash: Rule = {
  id: 'container/native-crash',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check(context) {
    for (const run of failing(context, 'native')) {
      const code = run.end?.exitCode ?? 0;
      const signal = run.end?.signal ?? code - 128;
      const { steps, fix } = undo(context.view, run);
      yield {
        ...crash(context, run),
        causeKey: `signal-${signal}`,
        title: titled(`${capital(who(run))} crashes in native code (signal ${signal}, exit ${code})`),
        cause: `The process was ended by ${SIGNALS[signal] ?? `signal ${signal}`}. That is a fault of the program or its native libraries, not of memory limits.`,
        remediation: [
          readLog(run),
          ...steps,
          { text: 'See whether it follows the image (all nodes) or one node (hardware, processor features)' },
        ],
        ...(fix && { fix }),
      };
    }
  },
};

/** 137 and 143 without OOMKilled, and without a probe or hook that had the kubelet do it. */
export const killedBySignal: Rule = {
  id: 'container/killed-by-signal',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    const { view } = context;
    for (const run of failing(context, 'signal')) {
      const { pod, c, end } = run;
      if (!end || (c.status?.restartCount ?? 0) === 0 || !eventsAreKnown(view, pod.metadata.namespace)) continue;
      const base = crash(context, run);
      const { nodeName } = pod.spec ?? {};
      yield {
        ...base,
        causeKey: String(end.exitCode),
        title: titled(`${capital(who(run))} is killed from outside (exit ${end.exitCode}), not for its memory`),
        cause:
          `It ended with exit ${end.exitCode}, the kubelet did not record OOMKilled, and no event names a failing probe or hook. ` +
          'Something sent the signal: a supervisor or child inside the container, or a person.',
        ...(nodeName !== undefined && { causedBy: [{ kind: 'Node', name: nodeName }] }),
        evidence: [
          field(pod, `${end.path}.reason`),
          ...base.evidence,
          ...eventsAbout(view, pod, c, 'Killing')
            .filter((e) => Math.abs((eventTime(e) ?? 0) - Date.parse(end.finishedAt ?? '')) < 60_000)
            .map(event),
        ],
        remediation: [
          readLog(run),
          {
            text: 'Compare the time of the end with events of the node',
            command: `kubectl get events -A --field-selector involvedObject.name=${nodeName ?? ''}`,
          },
        ],
      };
    }
  },
};
