import type { ChalkInstance } from 'chalk';
import { stringify } from 'yaml';
import { refText, type Severity } from '../../domain/index.ts';
import { diagnosisData } from './diagnosis-data.ts';
import { diagnosisMarkdown } from './diagnosis-markdown.ts';
import type { DiagnosisReport } from './diagnosis-report.ts';
import { diagnosisText } from './diagnosis-text.ts';
import type { DiagnosisFormat } from './formats.ts';
import { columns } from './layout.ts';

/** A diagnosis in the format asked for; without one: the report for people. */
export function renderDiagnosis(
  report: DiagnosisReport,
  format: DiagnosisFormat | undefined,
  options: { width: number; color: ChalkInstance },
): string {
  switch (format) {
    case undefined:
      return diagnosisText(report, { ...options, wide: false });
    case 'wide':
      return diagnosisText(report, { ...options, wide: true });
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
function diagnosisTable({ diagnosis, isOneNamespace }: DiagnosisReport): string {
  const { findings } = diagnosis;
  if (findings.length === 0) return 'No findings.\n';
  const word: Readonly<Record<Severity, string>> = { critical: 'Critical', warning: 'Warning', info: 'Info' };
  const rows = findings.map((f) => [word[f.severity], refText(f.subject, !isOneNamespace), f.rule, f.title]);
  return `${columns([['SEVERITY', 'OBJECT', 'RULE', 'TITLE'], ...rows])}\n`;
}
