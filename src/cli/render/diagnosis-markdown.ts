import type { FoldedFinding } from '../../diagnosis/index.ts';
import { refText } from '../../domain/index.ts';
import type { DiagnosisReport } from './diagnosis-report.ts';

/** A diagnosis as a page for a ticket or a repository. Text from the cluster is escaped, code stands in fences that it cannot close. */
export function diagnosisMarkdown(report: DiagnosisReport): string {
  const { diagnosis } = report;
  const lines = [
    `# Diagnosis of ${escape(report.subject)}`,
    '',
    `${escape(report.context)}, ${new Date(diagnosis.at).toISOString()}`,
  ];
  if (diagnosis.findings.length === 0)
    lines.push(
      '',
      diagnosis.isComplete ? 'No fault found.' : 'No fault found in what could be read; this is not an all-clear.',
    );
  for (const f of diagnosis.findings) lines.push('', ...finding(f, report));
  if (diagnosis.unseen.length > 0)
    lines.push('', '## Not seen', '', ...diagnosis.unseen.map((u) => `- ${escape(u.what)}: ${escape(u.detail)}`));
  return `${lines.join('\n')}\n`;
}

function finding(f: FoldedFinding, report: DiagnosisReport): string[] {
  const runbook = report.runbookOf(f);
  return [
    `## ${escape(f.title)}`,
    '',
    `${f.severity}, ${f.confidence}, ${escape(refText(f.subject, true))}, \`${f.rule}\``,
    '',
    '**Root cause:** ' + escape(f.cause),
    '',
    '**Evidence**',
    '',
    ...f.evidence.flatMap((e) => [`- ${escape(e.what)}`, '', ...fenced(`$ ${e.command}\n${e.value}`)]),
    ...(f.consequences.length === 0
      ? []
      : [
          '',
          '**Affects**',
          '',
          ...f.consequences.map(
            (c) => `- ${escape([refText(c.object, true), c.title ?? ''].filter((t) => t !== '').join(': '))}`,
          ),
        ]),
    '',
    '**Recommended action**',
    '',
    ...f.remediation.flatMap((s, i) => [
      `${i + 1}. ${escape(s.text)}`,
      ...(s.command === undefined ? [] : ['', ...fenced(s.command)]),
    ]),
    ...(runbook === undefined ? [] : ['', `Runbook: ${runbook}`]),
  ];
}

/** A fence longer than any run of backticks inside. */
function fenced(text: string): string[] {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return [`   ${fence}`, ...text.split('\n').map((line) => `   ${line}`), `   ${fence}`];
}

function escape(text: string): string {
  return text.replace(/[\\`*_[\]<>#|!]/g, '\\$&').replace(/\n/g, ' ');
}
