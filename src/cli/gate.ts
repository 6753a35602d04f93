import { ReadFailure } from '../cluster/index.ts';
import { count, listed, severities, type Severity } from '../domain/index.ts';
import type { CliContext } from './context.ts';
import { errorText } from './errors.ts';
import { exitCode, type ExitCode } from './exit-codes.ts';
import type { DiagnosisReport } from './render/diagnosis-report.ts';
import { sleep } from './sleep.ts';

/** What one look at the cluster said. */
export interface Outcome {
  readonly report: DiagnosisReport;
  readonly code: ExitCode;
  /** Rollouts that have not ended. */
  readonly unsettled: readonly string[];
}

interface Times {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/**
 * A deploy gate: looks again until nothing at or above --fail-on is found and every rollout has ended (0), or the time
 * is over (1; 2 when it could not be told). An API server that is gone for a moment does not end the wait, one that
 * never answered does.
 */
export async function untilHealthy(
  look: () => Promise<Outcome>,
  { intervalMs, timeoutMs }: Times,
  failOn: Severity | 'never',
  context: CliContext,
): Promise<Outcome> {
  const end = context.monotonicMs() + timeoutMs;
  let last: Outcome | undefined;
  let said = '';
  for (;;) {
    const isLast = context.monotonicMs() >= end;
    const outcome = await look().catch((error: unknown) => {
      if (last === undefined || isLast || !(error instanceof ReadFailure)) throw error;
      return errorText(error, {}).split('\n')[0] ?? '';
    });
    if (typeof outcome !== 'string') {
      if (outcome.code === exitCode.ok && outcome.unsettled.length === 0) return outcome;
      last = outcome;
    }
    const waitingFor = typeof outcome === 'string' ? outcome : remainder(outcome, failOn);
    if (isLast && typeof outcome !== 'string') {
      context.stderr.write(`gave up after ${timeoutMs / 1000}s: ${waitingFor}\n`);
      return { ...outcome, code: outcome.code === exitCode.ok ? exitCode.findings : outcome.code };
    }
    if (waitingFor !== said) context.stderr.write(`waiting: ${waitingFor}\n`);
    said = waitingFor;
    await sleep(Math.max(0, Math.min(intervalMs, end - context.monotonicMs())), context.signal);
  }
}

/** Why the gate is still shut, in a line. */
function remainder({ report, code, unsettled }: Outcome, failOn: Severity | 'never'): string {
  const limit = failOn === 'never' ? -1 : severities.indexOf(failOn);
  const findings = report.diagnosis.findings.filter((f) => severities.indexOf(f.severity) <= limit);
  const [first] = findings;
  return [
    ...(first ? [`${count(findings.length, 'finding')}: ${first.title}`] : []),
    ...(!first && code === exitCode.error ? ['not everything could be read'] : []),
    ...(unsettled.length > 0 ? [listed(unsettled, 3)] : []),
  ].join('; ');
}
