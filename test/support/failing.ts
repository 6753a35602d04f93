import type { LogSlice } from '../../src/cluster/index.ts';
import type { KubeObject, Pod } from '../../src/domain/index.ts';
import type { Draft, Rule } from '../../src/diagnosis/index.ts';
import { check, logOf, pod, type Fields } from './fixtures.ts';

/** A pod whose container `app` ended with an error a moment ago and waits for its next start. */
export function crashing(name: string, fields: Fields = {}): Pod {
  return pod(name, {
    'spec.containers[app].image': 'example.com/app:1',
    'status.conditions[Ready].status': 'False',
    'status.conditions[ContainersReady].status': 'False',
    'status.containerStatuses[app].ready': false,
    'status.containerStatuses[app].restartCount': 4,
    'status.containerStatuses[app].state.waiting.reason': 'CrashLoopBackOff',
    'status.containerStatuses[app].lastState.terminated.exitCode': 1,
    'status.containerStatuses[app].lastState.terminated.reason': 'Error',
    'status.containerStatuses[app].lastState.terminated.startedAt': 'now-70s',
    'status.containerStatuses[app].lastState.terminated.finishedAt': 'now-1m',
    ...fields,
  });
}

/** What a rule says about a crashing pod `web-1` with this log, beside other objects. */
export function checkLog(
  rule: Rule,
  log: string,
  {
    fields = {},
    beside = [],
    logs = [],
  }: { fields?: Fields; beside?: readonly KubeObject[]; logs?: readonly LogSlice[] } = {},
): readonly Draft[] {
  const web = crashing('web-1', fields);
  return check(rule, [web, ...beside], { logs: [logOf(web, 'app', log), ...logs] });
}
