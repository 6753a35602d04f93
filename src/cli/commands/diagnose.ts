import type { ClusterSource } from '../../cluster/index.ts';
import { investigate, type Investigation, type Question } from '../../diagnosis/index.ts';
import { count, nearest, refText, severities, type Severity } from '../../domain/index.ts';
import { checkName, durationOption, openSource, type ClusterOptions } from '../cluster-options.ts';
import { colors, widthOf, type CliContext, type ColorChoice } from '../context.ts';
import { UserError } from '../errors.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';
import { sleep } from '../sleep.ts';
import { parseSubject, type Subject } from '../subject.ts';
import type { DiagnosisReport } from '../render/diagnosis-report.ts';
import { renderDiagnosis } from '../render/diagnosis.ts';
import type { DiagnosisFormat } from '../render/formats.ts';
import { runbookOf } from '../runbooks.ts';
import { progressLine } from '../progress.ts';
import { parseSelector } from '../selector.ts';

export interface DiagnoseOptions extends ClusterOptions {
  readonly output?: DiagnosisFormat;
  readonly selector?: string;
  readonly since?: string;
  readonly failOn: Severity | 'never';
  readonly watch?: boolean;
  readonly interval: string;
  readonly color?: ColorChoice;
}

/** `aiops diagnose …`: reads, judges, prints; with --watch until healthy or out of time. */
export async function diagnoseCommand(
  words: readonly string[],
  options: DiagnoseOptions,
  context: CliContext,
): Promise<ExitCode> {
  const subject = parseSubject(words);
  const { source, namespace } = await openSource(
    subject.kind === 'cluster' ? { ...options, allNamespaces: true } : options,
    context,
  );
  try {
    if (options.watch !== true) return await once(source, subject, namespace, options, context);
    return await untilHealthy(source, subject, namespace, options, context);
  } finally {
    source.close();
  }
}

async function once(
  source: ClusterSource,
  subject: Subject,
  namespace: string | undefined,
  options: DiagnoseOptions,
  context: CliContext,
): Promise<ExitCode> {
  const report = await look(source, subject, namespace, options, context);
  print(report, options, context);
  return exitOf(report, options.failOn);
}

/** A deploy gate: looks again until nothing at or above --fail-on is left (0) or the time is over (1). */
async function untilHealthy(
  source: ClusterSource,
  subject: Subject,
  namespace: string | undefined,
  options: DiagnoseOptions,
  context: CliContext,
): Promise<ExitCode> {
  const intervalMs = durationOption('--interval', options.interval);
  const end = context.monotonicMs() + durationOption('--timeout', options.timeout ?? '5m');
  let lastCounts = '';
  for (;;) {
    const report = await look(source, subject, namespace, options, context);
    const code = exitOf(report, options.failOn);
    const isOver = context.monotonicMs() + intervalMs >= end;
    if (code === exitCode.ok || isOver) {
      print(report, options, context);
      return code;
    }
    const counts = `${count(report.diagnosis.findings.length, 'finding')}: ${report.diagnosis.findings[0]?.title ?? 'could not tell yet'}`;
    if (counts !== lastCounts) context.stderr.write(`waiting: ${counts}\n`);
    lastCounts = counts;
    await sleep(intervalMs, context.signal);
  }
}

async function look(
  source: ClusterSource,
  subject: Subject,
  namespace: string | undefined,
  options: DiagnoseOptions,
  context: CliContext,
): Promise<DiagnosisReport> {
  const question = await questionOf(source, subject, namespace, options);
  const progress = progressLine(context);
  let investigation: Investigation;
  try {
    investigation = await investigate(source, question, { onProgress: progress.update, clock: context.monotonicMs });
  } finally {
    progress.done();
  }
  mustExist(question, investigation);
  return reportOf(question, investigation, options);
}

async function questionOf(
  source: ClusterSource,
  subject: Subject,
  namespace: string | undefined,
  options: DiagnoseOptions,
): Promise<Question> {
  const selector = options.selector === undefined ? {} : { selector: parseSelector(options.selector) };
  const scope = namespace === undefined ? {} : { namespace };
  if (subject.kind === 'cluster') return selector;
  if (subject.kind === 'everything') return { ...scope, ...selector };
  if (subject.kind === 'Namespace') return { namespace: subject.name ?? namespace ?? 'default', ...selector };
  if (subject.name === undefined) return { ...scope, ...selector, targetKind: subject.kind };
  checkName(subject.kind.toLowerCase(), subject.name);
  if (subject.isClusterScoped) return { target: { kind: subject.kind, name: subject.name } };
  const inNamespace = namespace ?? (await onlyNamespaceOf(source, subject));
  const name = subject.kind === 'Pod' ? await podByPrefix(source, inNamespace, subject.name) : subject.name;
  return { namespace: inNamespace, target: { kind: subject.kind, namespace: inNamespace, name } };
}

/** A recording has no current namespace, and -A names none: the object's own, when only one has that name. */
async function onlyNamespaceOf(source: ClusterSource, subject: Subject & { name?: string }): Promise<string> {
  const found = new Set<string>();
  if (subject.kind === 'cluster' || subject.kind === 'everything') return 'default';
  const names: string[] = [];
  for await (const page of source.list(subject.kind, {}))
    for (const { metadata } of page) {
      names.push(metadata.name ?? '');
      if (
        metadata.name === subject.name ||
        (subject.kind === 'Pod' && metadata.name?.startsWith(subject.name ?? ' ') === true)
      )
        found.add(metadata.namespace ?? '');
    }
  const [first] = found;
  if (found.size > 1)
    throw new UserError(
      `${subject.kind.toLowerCase()} ${subject.name ?? ''} exists in ${[...found].join(', ')}`,
      'say which one with -n',
    );
  if (first === undefined) throw notFound(subject.kind, undefined, subject.name ?? '', names);
  return first;
}

/** For reading, the beginning of a pod's name will do; an unhealthy pod is preferred. */
async function podByPrefix(source: ClusterSource, namespace: string, name: string): Promise<string> {
  if (await source.get('Pod', namespace, name)) return name;
  const pods = [];
  for await (const page of source.list('Pod', { namespace })) pods.push(...page);
  const matching = pods.filter((p) => p.metadata.name?.startsWith(name) === true);
  const ill = matching.find((p) => p.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True');
  const chosen = (ill ?? matching[0])?.metadata.name;
  if (chosen === undefined)
    throw notFound(
      'Pod',
      namespace,
      name,
      pods.map((p) => p.metadata.name ?? ''),
    );
  return chosen;
}

function mustExist({ target }: Question, { view }: Investigation): void {
  if (!target || target.kind === 'Pod') return;
  const kind = target.kind as Parameters<typeof view.find>[0];
  const found = view.find(kind, target.namespace, target.name);
  if (found.state === 'absent')
    throw notFound(
      kind,
      target.namespace,
      target.name,
      view.inNamespace(kind, target.namespace).map((o) => o.metadata.name ?? ''),
    );
  if (found.state === 'unknown') throw new UserError(`diagnose ${refText(target)}: ${found.why}`);
}

function notFound(kind: string, namespace: string | undefined, name: string, names: readonly string[]): UserError {
  const near = nearest(name, names) ?? names.find((n) => n.includes(name));
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const next =
    near === undefined
      ? `see what exists: kubectl get ${kind.toLowerCase()}${namespace === undefined ? '' : ` -n ${namespace}`}`
      : `did you mean ${near}?`;
  return new UserError(`${kind.toLowerCase()} ${name} not found${where}`, next);
}

function reportOf(
  question: Question,
  { diagnosis, thinkingMs, identity }: Investigation,
  options: DiagnoseOptions,
): DiagnosisReport {
  const { target, namespace } = question;
  const since = options.since === undefined ? undefined : diagnosis.at - durationOption('--since', options.since);
  const isRecent = (f: { since?: string }) =>
    since === undefined || f.since === undefined || Date.parse(f.since) >= since;
  return {
    diagnosis: {
      ...diagnosis,
      findings: diagnosis.findings.filter(isRecent),
      alsoSeen: diagnosis.alsoSeen.filter(isRecent),
    },
    identity,
    subject: target ? refText(target) : namespace === undefined ? 'the cluster' : `namespace ${namespace}`,
    context: identity.name,
    isOneNamespace: namespace !== undefined,
    isAboutOneObject: target !== undefined,
    diagnosisMs: Math.round(thinkingMs),
    runbookOf,
  };
}

function print(report: DiagnosisReport, options: DiagnoseOptions, context: CliContext): void {
  context.stdout.write(
    renderDiagnosis(report, options.output, { width: widthOf(context), color: colors(context, options.color) }),
  );
}

/** 1 with findings at or above --fail-on, 2 when too little could be read to say that there are none. */
function exitOf({ diagnosis }: DiagnosisReport, failOn: Severity | 'never'): ExitCode {
  const limit = failOn === 'never' ? -1 : severities.indexOf(failOn);
  if (diagnosis.findings.some((f) => severities.indexOf(f.severity) <= limit)) return exitCode.findings;
  return diagnosis.isComplete || diagnosis.findings.length > 0 ? exitCode.ok : exitCode.error;
}
