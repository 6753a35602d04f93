import type { FoldedFinding } from '../../diagnosis/index.ts';
import type { ObjectRef } from '../../domain/index.ts';
import type { DiagnosisReport } from './diagnosis-report.ts';

/** The published shape of a diagnosis: `docs/diagnosis.schema.json`. Added to, never changed, within aiops/v1. */
export function diagnosisData(report: DiagnosisReport) {
  const { diagnosis, identity } = report;
  const counted = (severity: string) => diagnosis.findings.filter((f) => f.severity === severity).length;
  return {
    apiVersion: 'aiops/v1',
    kind: 'Diagnosis',
    cluster: {
      name: identity.name,
      ...(identity.server !== undefined && { server: identity.server }),
      ...(identity.uid !== undefined && { uid: identity.uid }),
      ...(identity.version !== undefined && { version: identity.version }),
      recorded: identity.recorded,
    },
    at: new Date(diagnosis.at).toISOString(),
    diagnosisMs: report.diagnosisMs,
    isComplete: diagnosis.isComplete,
    summary: { critical: counted('critical'), warning: counted('warning'), info: counted('info') },
    findings: diagnosis.findings.map((f) => findingData(f, report)),
    alsoSeen: diagnosis.alsoSeen.map((f) => findingData(f, report)),
    unseen: diagnosis.unseen,
    checked: diagnosis.checked,
    healthy: diagnosis.healthy.map(resource),
  };
}

function findingData(f: FoldedFinding, { runbookOf }: DiagnosisReport) {
  const runbook = runbookOf(f);
  return {
    fingerprint: f.fingerprint,
    rule: f.rule,
    severity: f.severity,
    confidence: f.confidence,
    resource: resource(f.subject),
    ...(f.container !== undefined && { container: f.container }),
    objects: f.objects.map(resource),
    title: f.title,
    cause: f.cause,
    ...(f.since !== undefined && { since: f.since }),
    consequences: f.consequences.map((c) => ({
      resource: resource(c.object),
      ...(c.title !== undefined && { title: c.title }),
      ...(c.rule !== undefined && { rule: c.rule }),
    })),
    evidence: f.evidence.map(({ object, ...e }) => ({ resource: resource(object), ...e })),
    remediation: f.remediation,
    ...(f.fix !== undefined && { fix: { ...f.fix, target: resource(f.fix.target) } }),
    ...(runbook !== undefined && { runbook }),
  };
}

function resource({ kind, namespace, name }: ObjectRef) {
  return { kind, ...(namespace !== undefined && { namespace }), name };
}
