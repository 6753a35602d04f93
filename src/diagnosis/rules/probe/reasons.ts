import { listed, oneLine, podSpecPath, refOf, type Action, type Step } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { isPatchable } from '../container/fixes.ts';
import { readLog, titled } from '../container/words.ts';
import { failingProbes, portNumber, portOf, type Failure, type FailingProbe } from './failures.ts';
import { isBeforeStart } from './slow-start.ts';
import { capitalProbe, effect, probeEvidence, specPath } from './words.ts';

type How = Failure['how'];

function* failing<H extends How>(
  { view, settings }: RuleContext,
  how: H,
): Generator<FailingProbe & { failure: Extract<Failure, { how: H }> }> {
  for (const probe of failingProbes(view, settings))
    if (probe.failure?.how === how) yield probe as FailingProbe & { failure: Extract<Failure, { how: H }> };
}

function about(probe: FailingProbe): Pick<Draft, 'subject' | 'container'> {
  return { subject: refOf(probe.pod), container: probe.c.name };
}

/** Setting one field of the probe in the template of its workload. */
export function setProbe(
  probe: Pick<FailingProbe, 'workload' | 'c' | 'name'>,
  part: string,
  value: string | number,
): { fix?: Action } {
  if (!isPatchable(probe.workload)) return {};
  const path = `${podSpecPath(probe.workload.kind)}${specPath(probe).slice('.spec'.length)}.${part}`;
  return { fix: { verb: 'set-probe', target: probe.workload, path, value } };
}

function showProbe({ pod, c, name }: FailingProbe): Step {
  return {
    text: "Compare the probe's port and path with what the application serves",
    command: `kubectl get pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -o jsonpath='{${c.specPath}.${name}Probe}'`,
  };
}

export const httpStatus: Rule = {
  id: 'probe/http-status',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    for (const probe of failing(context, 'status')) {
      if (isBeforeStart(probe)) continue;
      const { status } = probe.failure;
      const path = probe.spec.httpGet?.path ?? probe.spec.grpc?.service ?? 'the health service';
      yield {
        ...about(probe),
        causeKey: `${status} ${path}`,
        title: titled(`${capitalProbe(probe)} of ${probe.workload.name} answers ${status} on ${path}`),
        cause: `${meaning(status, path)} So ${effect(probe)}.`,
        evidence: probeEvidence(probe, probe.spec.httpGet ? '.httpGet.path' : ''),
        remediation: /^4/.test(status)
          ? [showProbe(probe), { text: `Ask a path that exists and needs no login, instead of ${path}` }]
          : [readLog(probe.run), showProbe(probe)],
      };
    }
  },
};

function meaning(status: string, path: string): string {
  if (status === '404') return `The application answers, but it has no ${path}.`;
  if (status === '401' || status === '403') return `The application answers, but ${path} needs a login.`;
  if (/^4/.test(status)) return `The application answers ${status} to the request for ${path}.`;
  return `The application itself says at ${path} that it is not well, often for want of something it depends on.`;
}

export const connectionRefused: Rule = {
  id: 'probe/connection-refused',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    for (const probe of failing(context, 'refused')) {
      const port = portNumber(probe);
      if (port === undefined || isBeforeStart(probe)) continue;
      const { c, workload, pod } = probe;
      const declared = (c.spec.ports ?? []).map((p) => String(p.containerPort));
      const seen = portsInLog(context.view.log(pod, c.name)?.lines ?? []).filter((p) => p !== String(port));
      const clues = [
        declared.length > 0 ? `Declared: ${listed(declared)}.` : '',
        seen.length > 0 ? `Its log speaks of port ${listed(seen)}.` : '',
      ].filter((clue) => clue !== '');
      yield {
        ...about(probe),
        causeKey: String(port),
        title: titled(`Nothing listens on port ${port} of ${workload.name}, which its ${probe.name} probe checks`),
        cause: [
          `Container ${c.name} listens on another port or on localhost only, or has not opened port ${port} yet; ${effect(probe)}.`,
          ...clues,
        ].join(' '),
        evidence: [
          ...probeEvidence(probe, `.${portOf(probe.spec)?.field ?? ''}`),
          ...(declared.length > 0 ? [field(pod, `${c.specPath}.ports`)] : []),
        ],
        remediation: [
          showProbe(probe),
          { text: 'Correct the port, or have the application listen on 0.0.0.0' },
          readLog(probe.run),
        ],
      };
    }
  },
};

function portsInLog(lines: readonly string[]): readonly string[] {
  const ports = new Set<string>();
  for (const line of lines) {
    const port = /\b(?:listening|serving|started|bound)\b.*?(?::|port\s*[=:]?\s*)(\d{2,5})\b/i.exec(line)?.[1];
    if (port !== undefined) ports.add(port);
  }
  return [...ports];
}

export const portNotDeclared: Rule = {
  id: 'probe/port-not-declared',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Pod', 'Event'],
  *check({ view, settings }) {
    for (const probe of failingProbes(view, settings)) {
      const { c, pod, workload, spec, failure } = probe;
      const port = portOf(spec);
      const declared = (c.spec.ports ?? []).filter((p) => (p.protocol ?? 'TCP') === 'TCP').map((p) => p.containerPort);
      if (!port || typeof port.value !== 'number' || !(failure?.how === 'refused' || failure?.how === 'timeout'))
        continue;
      const [only, ...others] = declared;
      if (only === undefined || declared.includes(port.value)) continue;
      yield {
        ...about(probe),
        causeKey: String(port.value),
        title: titled(
          `${capitalProbe(probe)} of ${workload.name} checks port ${port.value}, the container declares ${listed(declared.map(String))}`,
        ),
        cause:
          `Most likely the probe asks the wrong port, because container ${c.name} declares ${listed(declared.map(String))} and ` +
          `${port.value} does not answer; ${effect(probe)}.`,
        evidence: [...probeEvidence(probe, `.${port.field}`), field(pod, `${c.specPath}.ports`)],
        remediation: [
          {
            text: `Set the probe to port ${listed(declared.map(String))}`,
            ...(isPatchable(workload) && {
              command: `kubectl edit ${workload.kind.toLowerCase()}/${workload.name} -n ${workload.namespace ?? ''}`,
            }),
          },
        ],
        ...(others.length === 0 && setProbe(probe, port.field, only)),
      };
    }
  },
};

export const timeout: Rule = {
  id: 'probe/timeout',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    for (const probe of failing(context, 'timeout')) {
      const { workload, spec, c, pod } = probe;
      const seconds = spec.timeoutSeconds ?? 1;
      const cpu = c.spec.resources?.limits?.cpu;
      const dropped = /i\/o timeout/.test(probe.event?.message ?? '') && !spec.exec;
      yield {
        ...about(probe),
        causeKey: `${probe.name} ${seconds}s`,
        title: titled(`${capitalProbe(probe)} of ${workload.name} times out after ${seconds}s`),
        cause:
          (dropped
            ? `No connection to container ${c.name} comes about within timeoutSeconds=${seconds}. `
            : `The check answers slower than timeoutSeconds=${seconds}: it is short of CPU, a thread is blocked, or it calls something slow. `) +
          `So ${effect(probe)}.`,
        evidence: [
          ...probeEvidence(probe, spec.timeoutSeconds === undefined ? '' : '.timeoutSeconds'),
          ...(cpu === undefined ? [] : [field(pod, `${c.specPath}.resources.limits.cpu`)]),
        ],
        remediation: [
          readLog(probe.run),
          ...(cpu === undefined ? [] : [{ text: 'See whether the container is held back by its CPU limit' }]),
          { text: 'Make the check cheap, or raise timeoutSeconds to 3 to 5' },
        ],
      };
    }
  },
};

export const execFailing: Rule = {
  id: 'probe/exec-failing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check(context) {
    for (const probe of failing(context, 'command')) {
      const { workload, spec, failure, pod } = probe;
      const command = (spec.exec?.command ?? []).join(' ');
      const output = oneLine(failure.output, 200);
      yield {
        ...about(probe),
        causeKey: command,
        title: titled(
          `${capitalProbe(probe)} command of ${workload.name} fails: ${output || `${command} ends non-zero`}`,
        ),
        cause: failure.isMissing
          ? `The kubelet cannot run "${oneLine(command, 80)}" in the container: ${output}. So ${effect(probe)}.`
          : `"${oneLine(command, 80)}" ends non-zero: what it looks for is not there, or it finds the application not well. So ${effect(probe)}.`,
        evidence: probeEvidence(probe, '.exec.command'),
        remediation: [
          failure.isMissing
            ? { text: 'Use a command that is in the image, or an httpGet, tcpSocket or grpc probe' }
            : {
                text: 'Run the same command by hand',
                command: `kubectl exec ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -c ${probe.c.name} -- ${command}`,
              },
          readLog(probe.run),
        ],
      };
    }
  },
};
