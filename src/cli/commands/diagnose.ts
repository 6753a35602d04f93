import type { ClusterSource } from '../../cluster/index.ts';
import { investigate, type Investigation, type Question } from '../../diagnosis/investigate.ts';
import {
  count,
  kindInfo,
  listed,
  printable,
  refText,
  severities,
  type LabelSelector,
  type Severity,
} from '../../domain/index.ts';
import { durationOption, openSource, type ClusterOptions } from '../cluster-options.ts';
import { colors, widthOf, type CliContext, type ColorChoice } from '../context.ts';
import { UsageError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';
import { untilHealthy, type Outcome } from '../gate.ts';
import { parseSubject, type Subject } from '../subject.ts';
import type { DiagnosisReport } from '../render/diagnosis-report.ts';
import { renderDiagnosis } from '../render/diagnosis.ts';
import type { DiagnosisFormat } from '../render/formats.ts';
import { completedName, mustExist, questionOf } from '../question.ts';
import { runbookOf } from '../runbooks.ts';
import { progressLine } from '../progress.ts';
import { parseSelector } from '../selector.ts';

export interface DiagnoseOptions extends ClusterOptions {
  readonly output?: DiagnosisFormat;
  readonly json?: boolean;
  readonly selector?: string;
  readonly since?: string;
  readonly unused?: boolean;
  readonly failOn: Severity | 'never';
  readonly watch?: boolean;
  readonly interval: string;
  readonly color?: ColorChoice;
}

/** The flags, read and checked before anything is asked of a cluster. */
interface Request {
  readonly subject: Subject;
  readonly selector: LabelSelector | undefined;
  readonly sinceMs: number | undefined;
  readonly gate: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  readonly format: DiagnosisFormat | undefined;
}

/** Time that the last look of a gate may take beyond the end of the wait. */
const LAST_LOOK_MS = 60_000;

/** `aiops diagnose …`: reads, judges, prints; with --watch until healthy or out of time. */
export async function diagnoseCommand(
  words: readonly string[],
  options: DiagnoseOptions,
  context: CliContext,
): Promise<ExitCode> {
  const request = requestOf(words, options);
  const { gate } = request;
  const { source, namespace } = await openSource(
    {
      ...options,
      ...(request.subject.kind === 'cluster' && { allNamespaces: true }),
      ...(gate && { timeout: `${gate.timeoutMs + LAST_LOOK_MS}ms` }),
    },
    context,
  );
  try {
    const lookOnce = () => look(source, request, namespace, options, context);
    const { report, code } = gate ? await untilHealthy(lookOnce, gate, options.failOn, context) : await lookOnce();
    await print(report, request.format, options, context);
    return code;
  } finally {
    source.close();
  }
}

function requestOf(words: readonly string[], options: DiagnoseOptions): Request {
  const subject = parseSubject(words);
  if (subject.kind === 'cluster' && options.namespace !== undefined)
    throw new UsageError('diagnose cluster looks at every namespace', 'leave out -n, or leave out "cluster"');
  if (options.selector !== undefined && 'name' in subject && subject.kind !== 'Namespace')
    throw new UsageError('a name and -l exclude each other', 'give one of them');
  if (options.json === true && options.output !== undefined && options.output !== 'json')
    throw new UsageError(`--json and -o ${options.output} exclude each other`, 'give one of them');
  const intervalMs = durationOption('--interval', options.interval);
  return {
    subject,
    selector: options.selector === undefined ? undefined : parseSelector(options.selector),
    sinceMs: options.since === undefined ? undefined : durationOption('--since', options.since),
    gate:
      options.watch === true
        ? { intervalMs, timeoutMs: durationOption('--timeout', options.timeout ?? '5m') }
        : undefined,
    format: options.json === true ? 'json' : options.output,
  };
}

async function look(
  source: ClusterSource,
  { subject, selector, sinceMs }: Request,
  namespace: string | undefined,
  options: DiagnoseOptions,
  context: CliContext,
): Promise<Outcome> {
  const progress = progressLine(context);
  let question: Question;
  let investigation: Investigation;
  try {
    const reading = {
      settings: { unused: options.unused === true },
      onProgress: progress.update,
      clock: context.monotonicMs,
    };
    question = await questionOf(source, subject, namespace, selector);
    investigation = await investigate(source, question, reading);
    const completed = await completedName(source, question, investigation.view);
    if (completed) {
      if (options.watch !== true) context.stderr.write(`${printable(completed.note)}\n`);
      question = completed.question;
      investigation = await investigate(source, question, reading);
    }
  } finally {
    progress.done();
  }
  const { unsettled } = await import('../../diagnosis/index.ts');
  // Reads that Ctrl-C has ended say nothing about the cluster.
  context.signal.throwIfAborted();
  mustExist(question, investigation);
  const { report, left } = withinTime(reportOf(question, investigation), sinceMs);
  if (left > 0)
    context.stderr.write(`${count(left, 'finding')} that began earlier left out (--since ${options.since ?? ''})\n`);
  return {
    report,
    code: exitOf(report, options.failOn),
    unsettled: unsettled(investigation.view, {
      ...(question.namespace !== undefined && { namespace: question.namespace }),
      ...(investigation.targets && { targets: investigation.targets }),
    }),
  };
}

function reportOf(question: Question, { diagnosis, thinkingMs, identity }: Investigation): DiagnosisReport {
  const { target, namespace } = question;
  return {
    diagnosis: {
      ...diagnosis,
      // About one object only its own neighbourhood is of interest.
      alsoSeen: target
        ? diagnosis.alsoSeen.filter(({ subject: s }) => s.namespace === undefined || s.namespace === target.namespace)
        : diagnosis.alsoSeen,
    },
    identity,
    subject: subjectText(question),
    context: printable(identity.name),
    isOneNamespace: namespace !== undefined,
    isAboutOneObject: target !== undefined,
    diagnosisMs: Math.round(thinkingMs),
    runbookOf,
  };
}

/** What was asked about, as it stands in a sentence. */
function subjectText({ target, targetKind, selector, namespace }: Question): string {
  if (target) return refText(target);
  const place = namespace === undefined ? 'the cluster' : `namespace ${namespace}`;
  const what = targetKind === undefined ? '' : `the ${kindInfo(targetKind).resource} of `;
  return `${selector ? 'what carries these labels in ' : what}${place}`;
}

/** Without the findings that began earlier; how many of warning or worse were left out is said. */
function withinTime(report: DiagnosisReport, sinceMs: number | undefined): { report: DiagnosisReport; left: number } {
  const { diagnosis } = report;
  if (sinceMs === undefined) return { report, left: 0 };
  const isRecent = (f: { since?: string }) => f.since === undefined || Date.parse(f.since) >= diagnosis.at - sinceMs;
  const findings = diagnosis.findings.filter(isRecent);
  return {
    report: { ...report, diagnosis: { ...diagnosis, findings, alsoSeen: diagnosis.alsoSeen.filter(isRecent) } },
    left: diagnosis.findings.filter((f) => !isRecent(f) && f.severity !== 'info').length,
  };
}

async function print(
  report: DiagnosisReport,
  format: DiagnosisFormat | undefined,
  { color }: DiagnoseOptions,
  context: CliContext,
): Promise<void> {
  const options = { width: widthOf(context), color: colors(context, color) };
  context.stdout.write(await renderDiagnosis(report, format, options));
  // A table has no place for what is missing from it.
  if (format === 'table' && !report.diagnosis.isComplete)
    context.stderr.write(
      `not everything could be read: ${listed([...new Set(report.diagnosis.unseen.map((u) => u.what))], 5)} (-o wide says why)\n`,
    );
}

/** 1 with findings at or above --fail-on, 2 when too little could be read to say that there are none. */
function exitOf({ diagnosis }: DiagnosisReport, failOn: Severity | 'never'): ExitCode {
  const limit = failOn === 'never' ? -1 : severities.indexOf(failOn);
  if (diagnosis.findings.some((f) => severities.indexOf(f.severity) <= limit)) return exitCode.findings;
  if (diagnosis.isComplete) return exitCode.ok;
  return failOn === 'never' && diagnosis.findings.length > 0 ? exitCode.ok : exitCode.error;
}
