import type { ChalkInstance } from 'chalk';
import type { Affected, Diagnosis, FoldedFinding } from '../../diagnosis/index.ts';
import {
  count,
  formatDuration,
  groupBy,
  listed,
  parseTime,
  refText,
  type Evidence,
  type Severity,
  type Unseen,
} from '../../domain/index.ts';
import { paragraph } from './layout.ts';
import type { DiagnosisReport } from './diagnosis-report.ts';

export interface TextOptions {
  readonly width: number;
  readonly color: ChalkInstance;
  /** Everything: all evidence with its commands, all steps, notes and the names of healthy objects. */
  readonly wide: boolean;
}

/** Affected objects that are named before `and N more`. */
const MAX_AFFECTED = 8;

/** Findings off the path of the question that are listed. */
const MAX_ALSO_SEEN = 8;

/** A diagnosis for people: sections by severity, each finding with its root cause, action and runbook last. */
export function diagnosisText(report: DiagnosisReport, options: TextOptions): string {
  const { diagnosis } = report;
  const parts = [
    ...section('Critical', 'critical', diagnosis, report, options),
    ...section('Warnings', 'warning', diagnosis, report, options),
    ...(options.wide ? section('Notes', 'info', diagnosis, report, options) : []),
    ...alsoSeen(diagnosis, options),
    allClear(report, options),
    summary(report, options),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function section(
  title: string,
  severity: Severity,
  diagnosis: Diagnosis,
  report: DiagnosisReport,
  options: TextOptions,
): string[] {
  const findings = diagnosis.findings.filter((f) => f.severity === severity);
  if (findings.length === 0) return [];
  return [options.color.bold(title), ...findings.map((f) => findingText(f, report, options))];
}

function findingText(f: FoldedFinding, report: DiagnosisReport, options: TextOptions): string {
  const { color, width } = options;
  const isDetailed = options.wide || report.isAboutOneObject;
  const evidence = isDetailed ? f.evidence : briefly(f.evidence);
  const steps = isDetailed ? f.remediation : f.remediation.slice(0, 2);
  return [
    paragraph(`${marker(f.severity, color)} ${color.bold(f.title)}`, width, '  ', ''),
    paragraph(color.dim(whereabouts(f, report)), width, '  '),
    ...evidence.map((e) => evidenceText(e, options)),
    ...affected(f.consequences, report, options),
    heading('Root cause', color),
    paragraph(f.cause, width, '    '),
    heading('Recommended action', color),
    ...steps.flatMap((step, i) => [
      paragraph(`${i + 1}. ${step.text}`, width, '       ', '    '),
      ...(step.command === undefined ? [] : [commandText(step.command, '       ', color)]),
    ]),
    ...(report.runbookOf(f) === undefined ? [] : [`  Runbook: ${report.runbookOf(f) ?? ''}`]),
  ].join('\n');
}

/** The first line of evidence, and what the program itself said. */
function briefly([first, ...rest]: FoldedFinding['evidence']): readonly Evidence[] {
  return [first, ...rest.filter((e) => e.what.startsWith('log of')).slice(-1)];
}

/** The mark tells the severity without colour, too. */
function marker(severity: Severity, color: ChalkInstance): string {
  switch (severity) {
    case 'critical':
      return color.red('✖');
    case 'warning':
      return color.yellow('▲');
    case 'info':
      return color.blue('·');
  }
}

function heading(text: string, color: ChalkInstance): string {
  return `  ${color.underline(text)}`;
}

/** Which object, how many pods, since when, how sure, which rule. */
function whereabouts(f: FoldedFinding, { diagnosis, isOneNamespace }: DiagnosisReport): string {
  const pods = f.objects.filter((o) => o.kind === 'Pod');
  const since = parseTime(f.since);
  return [
    refText(f.subject, !isOneNamespace),
    ...(f.container === undefined ? [] : [`container ${f.container}`]),
    ...(pods.length > 0 && f.subject.kind !== 'Pod'
      ? [`${count(pods.length, 'pod')}: ${listed(pods.map((p) => p.name))}`]
      : []),
    ...(since === undefined ? [] : [`for ${formatDuration(diagnosis.at - since)}`]),
    ...(f.confidence === 'certain' ? [] : [f.confidence]),
    f.rule,
  ].join(' · ');
}

function evidenceText(e: Evidence, { color, width }: TextOptions): string {
  return [
    paragraph(`${color.dim(`${e.what}:`)} ${e.value}`, width, '    '),
    commandText(e.command, '      ', color),
  ].join('\n');
}

/** Commands are never wrapped: they are there to be pasted. */
function commandText(command: string, indent: string, color: ChalkInstance): string {
  return `${indent}${color.dim('$')} ${command}`;
}

function affected(consequences: readonly Affected[], report: DiagnosisReport, options: TextOptions): string[] {
  if (consequences.length === 0) return [];
  const shown = options.wide ? consequences : consequences.slice(0, MAX_AFFECTED);
  const rest = consequences.length - shown.length;
  return [
    heading('Affects', options.color),
    ...shown.map((c) =>
      paragraph(
        [refText(c.object, !report.isOneNamespace), ...(c.title === undefined ? [] : [c.title])].join(' – '),
        options.width,
        '      ',
        '    ',
      ),
    ),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

function alsoSeen({ alsoSeen: findings }: Diagnosis, { color, width, wide }: TextOptions): string[] {
  const seen = findings.filter((f) => wide || f.severity !== 'info');
  const shown = wide ? seen : seen.slice(0, MAX_ALSO_SEEN);
  if (shown.length === 0) return [];
  const lines = shown.map((f) => {
    const text = `${marker(f.severity, color)} ${f.title} ${color.dim(`(${refText(f.subject)})`)}`;
    return paragraph(text, width, '    ', '  ');
  });
  const rest = seen.length > shown.length ? [`  and ${seen.length - shown.length} more (-o wide)`] : [];
  return [[color.bold('Also seen'), ...lines, ...rest].join('\n')];
}

function allClear(
  { diagnosis, isOneNamespace, isAboutOneObject }: DiagnosisReport,
  { color, width, wide }: TextOptions,
): string {
  if (isAboutOneObject || diagnosis.healthy.length === 0) return '';
  const byKind = groupBy(diagnosis.healthy, (r) => r.kind);
  const lines = [...byKind].map(([kind, refs]) => {
    const names = refs.map((r) => (isOneNamespace ? r.name : `${r.namespace ?? ''}/${r.name}`));
    const text = `${count(refs.length, kind.toLowerCase(), plural(kind))}: ${listed(names, wide ? names.length : 5)}`;
    return paragraph(`${color.green('✔')} ${text}`, width, '    ', '  ');
  });
  return [color.bold('All Clear'), ...lines].join('\n');
}

function plural(kind: string): string {
  return kind === 'Ingress' ? 'ingresses' : `${kind.toLowerCase()}s`;
}

function summary(report: DiagnosisReport, { color, width, wide }: TextOptions): string {
  const { diagnosis } = report;
  const n = (s: Severity) => diagnosis.findings.filter((f) => f.severity === s).length;
  const counts = [`${n('critical')} critical`, count(n('warning'), 'warning'), count(n('info'), 'note')].join(', ');
  const checked = Object.entries(diagnosis.checked).map(([kind, number]) =>
    count(number, kind.toLowerCase(), plural(kind)),
  );
  const lines = [color.bold('Summary')];
  if (n('critical') + n('warning') === 0) lines.push(`  ${noFault(report, color)}`);
  lines.push(paragraph(`${counts}${!wide && n('info') > 0 ? ' (-o wide shows notes)' : ''}`, width, '  '));
  if (checked.length > 0)
    lines.push(
      paragraph(
        color.dim(`checked ${checked.join(', ')} in ${report.context} · diagnosisMs ${report.diagnosisMs}`),
        width,
        '  ',
      ),
    );
  lines.push(...notSeen(diagnosis.unseen, wide).map((text) => paragraph(color.dim(text), width, '    ', '  ')));
  return lines.join('\n');
}

function noFault({ diagnosis, subject }: DiagnosisReport, color: ChalkInstance): string {
  return diagnosis.isComplete
    ? `${color.green('✔')} no fault found in ${subject}`
    : `no fault found in what could be read of ${subject}; this is not an all-clear`;
}

/** One line per reason: what could not be read, and why. */
function notSeen(unseen: readonly Unseen[], wide: boolean): string[] {
  return [...groupBy(unseen, (u) => u.reason)].map(([reason, items]) => {
    const what = [...new Set(items.map((u) => u.what))];
    const detail =
      items.length === 1 || wide ? ` (${[...new Set(items.map((u) => u.detail))].slice(0, 3).join('; ')})` : '';
    switch (reason) {
      case 'absent':
        return `not installed, skipped: ${listed(what, 12)}`;
      case 'forbidden':
        return `not seen: you may not read ${listed(what, 12)}${detail}`;
      case 'not-recorded':
        return `not seen: the recording does not hold ${listed(what, 12)}`;
      case 'unavailable':
        return `not seen: ${listed(what, 12)} did not answer${detail}`;
      case 'failed':
        return `not seen: ${listed(what, 12)}${detail}`;
    }
  });
}
