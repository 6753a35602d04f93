import type { ChalkInstance } from 'chalk';
import { stringify } from 'yaml';
import { refText, type Severity } from '../../domain/index.ts';
import { diagnosisData } from './diagnosis-data.ts';
import { diagnosisMarkdown } from './diagnosis-markdown.ts';
import type { DiagnosisReport } from './diagnosis-report.ts';
import type { DiagnosisFormat } from './formats.ts';

/** A diagnosis in the format asked for; without one: the report for people. */
export async function renderDiagnosis(
  report: DiagnosisReport,
  format: DiagnosisFormat | undefined,
  options: { width: number; color: ChalkInstance },
): Promise<string> {
  switch (format) {
    case undefined:
    case 'wide': {
      // What people read needs tables of character widths; programs need not wait for them.
      const { diagnosisText } = await import('./diagnosis-text.ts');
      return diagnosisText(report, { ...options, wide: format === 'wide' });
    }
    case 'table':
      return diagnosisTable(report);
    case 'json':
      return `${JSON.stringify(diagnosisData(report), undefined, 2)}\n`;
    case 'yaml':
      return stringify(diagnosisData(report), { aliasDuplicateObjects: false });
    case 'markdown':
      return diagnosisMarkdown(report);
  }
}

/** One line a finding, for grep and for narrow eyes. */
async function diagnosisTable({ diagnosis, isOneNamespace }: DiagnosisReport): Promise<string> {
  const { columns } = await import('./layout.ts');
  const { findings } = diagnosis;
  if (findings.length === 0) return 'No findings.\n';
  const word: Readonly<Record<Severity, string>> = { critical: 'Critical', warning: 'Warning', info: 'Info' };
  const rows = findings.map((f) => [word[f.severity], refText(f.subject, !isOneNamespace), f.rule, f.title]);
  return `${columns([['SEVERITY', 'OBJECT', 'RULE', 'TITLE'], ...rows])}\n`;
}
