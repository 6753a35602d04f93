import {
  oneLine,
  refOf,
  type CatalogueId,
  type Confidence,
  type Action,
  type Evidence,
  type ObjectRef,
  type NonEmpty,
  type Severity,
  type Step,
} from '../../../domain/index.ts';
import { quoted, seenCauses, type FailingLog, type SeenCause } from '../../logs/index.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';

/** Titles are read in one line of a terminal. */
export const TITLE_MAX = 90;

/** A title that fits; what varies in length comes last. */
export function title(text: string): string {
  return oneLine(text, TITLE_MAX);
}

/** What a log rule adds to the line that it stands on. */
export interface Told {
  readonly causeKey: string;
  readonly title: string;
  readonly cause: string;
  readonly remediation: NonEmpty<Step>;
  readonly evidence?: readonly Evidence[];
  readonly confidence?: Confidence;
  readonly severity?: Severity;
  readonly causedBy?: readonly ObjectRef[];
  readonly fix?: Action;
}

/** The part of a draft that follows from where the line was found. */
export function draftOf(log: FailingLog, line: Evidence, told: Told): Draft {
  const { evidence = [], title: text, ...rest } = told;
  return {
    ...rest,
    subject: refOf(log.pod),
    container: log.container.name,
    title: title(text),
    ...(log.since !== undefined && { since: log.since }),
    evidence: [line, ...evidence],
  };
}

/** A rule for failing containers whose log leads to this entry; `tell` returns undefined where it does not hold. */
export function logRule(
  id: CatalogueId,
  tell: (seen: SeenCause, context: RuleContext) => Told | undefined,
  severity: Severity = 'critical',
): Rule {
  return {
    id,
    severity,
    confidence: 'likely',
    needs: ['Pod', 'Log'],
    *check(context) {
      for (const seen of seenCauses(context.view, id)) {
        const told = tell(seen, context);
        if (told) yield draftOf(seen, seen.evidence, told);
      }
    },
  };
}

/** Another line of the same log, when the title speaks of it. */
export function alsoSaid(seen: SeenCause, text: string): readonly Evidence[] {
  const line = seen.slice.lines.findLast((l) => l.includes(text));
  return line === undefined || line === seen.match.line ? [] : [quoted(seen, line, text)];
}

/** Text that is the same in every run: without numbers, addresses of memory, hashes and times. */
export function normalised(text: string): string {
  return oneLine(text.replace(/0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+/gi, '#'), 120);
}

/** `deployment/web`, as kubectl takes it. */
export function owner(log: FailingLog): string {
  return `${log.workload.kind.toLowerCase()}/${log.workload.name}`;
}

/** Whether the workload can be rolled back or set by kubectl. */
export function hasTemplate(log: FailingLog): boolean {
  return ['Deployment', 'StatefulSet', 'DaemonSet'].includes(log.workload.kind);
}

/** The log itself, as the first thing to look at. */
export function readLog({ slice: { ref, previous } }: FailingLog, text = 'Read the log around that line'): Step {
  const run = previous ? ' --previous' : '';
  return { text, command: `kubectl logs ${ref.pod} -n ${ref.namespace} -c ${ref.container}${run} --tail=100` };
}

/** Back to the last revision of the template. */
export function rollBack(log: FailingLog): readonly Step[] {
  if (!hasTemplate(log)) return [];
  return [
    {
      text: 'Roll back, if it began with the last rollout',
      command: `kubectl rollout undo ${owner(log)} -n ${log.namespace}`,
    },
  ];
}
