import { oneLine, type Evidence } from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import { portNumber, type FailingProbe } from './failures.ts';

/** What happens at a probe, in words that are the same for every pod of a template. */
export function detail(probe: FailingProbe): string {
  const { failure, spec } = probe;
  switch (failure?.how) {
    case 'refused':
      return `port ${portNumber(probe) ?? ''} refuses connections`;
    case 'status':
      return `${failure.status} on ${spec.httpGet?.path ?? 'its health service'}`;
    case 'timeout':
      return `no answer within ${spec.timeoutSeconds ?? 1}s`;
    case 'port-name':
      return 'its port name is not declared';
    case 'command':
      return oneLine(failure.output, 60) || 'its command fails';
    case 'other':
      return oneLine(failure.text.replace(/\d{1,3}(\.\d{1,3}){3}(:\d+)?/g, '…'), 60);
    case undefined:
      return 'it does not succeed in time';
  }
}

export function specPath({ c, name }: Pick<FailingProbe, 'c' | 'name'>): string {
  return `${c.specPath}.${name}Probe`;
}

/** The events that tell, else the run that ended; and one field of the probe, or all of it. */
export function probeEvidence(probe: FailingProbe, of = ''): readonly [Evidence, ...Evidence[]] {
  const { pod, c, run, killing } = probe;
  const { end } = run;
  const lines = [
    ...(probe.event ? [event(probe.event)] : []),
    ...(killing ? [event(killing)] : []),
    ...(probe.name !== 'readiness' && end ? [field(pod, `${end.path}.exitCode`, end.finishedAt)] : []),
    ...(probe.name === 'readiness' ? [field(pod, `${c.statusPath}.ready`)] : []),
  ];
  return [field(pod, `${specPath(probe)}${of}`), ...lines];
}

export function capitalProbe(probe: Pick<FailingProbe, 'name'>): string {
  return `${probe.name.charAt(0).toUpperCase()}${probe.name.slice(1)} probe`;
}

/** What a failing probe of this name does to its container. */
export function effect({ name }: Pick<FailingProbe, 'name'>): string {
  switch (name) {
    case 'liveness':
      return 'the kubelet kills and restarts the container';
    case 'startup':
      return 'the kubelet kills and restarts the container before it has started';
    case 'readiness':
      return 'the pod gets no traffic';
  }
}
