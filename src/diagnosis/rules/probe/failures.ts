import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  isDeleting,
  isFinished,
  parseTime,
  type ContainerView,
  type KubeEvent,
  type ObjectRef,
  type Pod,
  type Probe,
} from '../../../domain/index.ts';
import { grace, type Settings } from '../../settings.ts';
import { probeBudgetMs } from '../container/ends.ts';
import { runsOf, type Run } from '../container/runs.ts';
import { blocksStart } from '../container/sidecar.ts';
import { inStartupGrace } from '../pod/grace.ts';

export type ProbeName = 'readiness' | 'liveness' | 'startup';

/** How a probe fails, by the kubelet's words. */
export type Failure =
  | { readonly how: 'refused' }
  | { readonly how: 'status'; readonly status: string }
  | { readonly how: 'timeout' }
  | { readonly how: 'port-name' }
  /** `output` is what the command wrote; it could not run at all where `isMissing`. */
  | { readonly how: 'command'; readonly output: string; readonly isMissing: boolean }
  | { readonly how: 'other'; readonly text: string };

/** A probe that fails now, and holds its container back or has it killed. */
export interface FailingProbe {
  readonly pod: Pod;
  readonly c: ContainerView;
  readonly workload: ObjectRef;
  readonly name: ProbeName;
  readonly spec: Probe;
  /** The last Unhealthy event; absent where only the end of the container tells. */
  readonly event?: KubeEvent;
  readonly failure?: Failure;
  /** The Killing event, for liveness and startup. */
  readonly killing?: KubeEvent;
  readonly run: Run;
}

const UNHEALTHY = /^(?:\(combined from similar events\): )?(Readiness|Liveness|Startup) probe (failed|errored[^:]*): ?/;

const memo = new WeakMap<ClusterView, Map<Settings, readonly FailingProbe[]>>();

/** Every probe that fails now, judged once per view and settings. */
export function failingProbes(view: ClusterView, settings: Settings): readonly FailingProbe[] {
  const bySettings = memo.get(view) ?? new Map<Settings, readonly FailingProbe[]>();
  memo.set(view, bySettings);
  let found = bySettings.get(settings);
  if (!found) bySettings.set(settings, (found = [...judge(view, settings)]));
  return found;
}

function* judge(view: ClusterView, settings: Settings): Generator<FailingProbe> {
  for (const run of runsOf(view)) {
    const { pod, c } = run;
    // A sidecar that holds up its pod has a finding of its own.
    if (isFinished(pod) || isDeleting(pod) || blocksStart(pod, c)) continue;
    for (const name of ['startup', 'liveness', 'readiness'] as const) {
      const spec = c.spec[`${name}Probe`];
      if (!spec) continue;
      const event = lastFailure(view, pod, c, name);
      const failure = event && failureOf(spec, event.message ?? '');
      const killing = view
        .events(pod, 'Killing')
        .findLast((e) => isAbout(e, c) && (e.message ?? '').includes(`failed ${name} probe`));
      const probe: FailingProbe = {
        pod,
        c,
        workload: run.workload,
        name,
        spec,
        run,
        ...(event && failure && { event, failure }),
        ...(killing && { killing }),
      };
      if (counts(view, settings, probe)) yield probe;
    }
  }
}

function isAbout(e: KubeEvent, c: ContainerView): boolean {
  return e.involvedObject.fieldPath?.endsWith(`{${c.name}}`) === true;
}

function lastFailure(view: ClusterView, pod: Pod, c: ContainerView, name: ProbeName): KubeEvent | undefined {
  return view
    .events(pod, 'Unhealthy')
    .findLast((e) => isAbout(e, c) && UNHEALTHY.exec(e.message ?? '')?.[1]?.toLowerCase() === name);
}

function counts(view: ClusterView, settings: Settings, probe: FailingProbe): boolean {
  const { c, run, name, event } = probe;
  const started = parseTime(c.status?.state?.running?.startedAt);
  switch (name) {
    case 'liveness':
      // One kill that helped is what the probe is for.
      return run.kind === 'liveness' && run.isFailing;
    case 'startup': {
      if (run.kind === 'startup' && run.isFailing) return true;
      return started !== undefined && c.status?.started === false && view.at - started > probeBudgetMs(probe.spec);
    }
    case 'readiness': {
      if (started === undefined || c.status?.ready !== false || c.status.started === false || !event) return false;
      if (view.at - started < probeBudgetMs(probe.spec) + grace.notReady) return false;
      // An event of a former run tells nothing of this one.
      return (eventTime(event) ?? 0) >= started && !inStartupGrace(settings, view, probe.pod, view.at);
    }
  }
}

export function failureOf(spec: Probe, message: string): Failure {
  const text = message.replace(UNHEALTHY, '').trim();
  if (spec.exec) {
    if (/^command timed out|timed out after|DeadlineExceeded|context deadline exceeded/.test(text))
      return { how: 'timeout' };
    const missing = /exec: "([^"]+)": (?:executable file not found|stat .*no such file)/.exec(text)?.[1];
    return missing === undefined
      ? { how: 'command', output: text, isMissing: false }
      : { how: 'command', output: `"${missing}" is not in the image`, isMissing: true };
  }
  const status =
    /HTTP probe failed with statuscode: (\d+)/.exec(text)?.[1] ??
    /service unhealthy \(responded with "(\w+)"\)/.exec(text)?.[1];
  if (status !== undefined) return { how: 'status', status };
  if (/connection refused/.test(text)) return { how: 'refused' };
  if (/strconv\.Atoi: parsing|couldn't find port/.test(text)) return { how: 'port-name' };
  if (/context deadline exceeded|Client\.Timeout exceeded|i\/o timeout|timed out after/.test(text))
    return { how: 'timeout' };
  return { how: 'other', text };
}

/** The port that a probe asks, and where it stands; absent for commands. */
export function portOf(spec: Probe): { value: string | number; field: string } | undefined {
  if (spec.httpGet) return { value: spec.httpGet.port, field: 'httpGet.port' };
  if (spec.tcpSocket) return { value: spec.tcpSocket.port, field: 'tcpSocket.port' };
  return spec.grpc ? { value: spec.grpc.port, field: 'grpc.port' } : undefined;
}

/** The port number that a probe asks; a name is looked up among the container's own ports. */
export function portNumber(probe: Pick<FailingProbe, 'c' | 'spec'>): number | undefined {
  const port = portOf(probe.spec)?.value;
  if (typeof port === 'string' && !/^\d+$/.test(port))
    return probe.c.spec.ports?.find((p) => p.name === port)?.containerPort;
  return port === undefined ? undefined : Number(port);
}
