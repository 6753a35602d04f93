import type { Diagnosis, FoldedFinding } from '../../diagnosis/index.ts';
import type { ClusterIdentity } from '../../cluster/index.ts';

/** A diagnosis and what is said around it. */
export interface DiagnosisReport {
  readonly diagnosis: Diagnosis;
  readonly identity: ClusterIdentity;
  /** What was asked about, for sentences: `namespace shop`, `pod web-1`. */
  readonly subject: string;
  /** Context name or recording. */
  readonly context: string;
  readonly isOneNamespace: boolean;
  readonly isAboutOneObject: boolean;
  /** Milliseconds of thinking, without the reads. */
  readonly diagnosisMs: number;
  /** Path of the runbook of a finding's group, when there is one. */
  readonly runbookOf: (finding: Pick<FoldedFinding, 'rule'>) => string | undefined;
}
