import { describe, expect, it } from 'vitest';
import {
  crashLoop,
  exitError,
  exitZero,
  killedBySignal,
  nativeCrash,
} from '../../../../src/diagnosis/rules/container/crash.ts';
import { check, eventOn, logOf, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

/** As a kubelet writes a container that waits for its next try. */
const crashing = (exitCode: number, fields: Fields = {}): Fields => ({
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].restartCount': 2,
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  'status.containerStatuses[web].state.waiting.message': 'back-off 20s restarting failed container=web pod=web-1',
  'status.containerStatuses[web].lastState.terminated.reason': exitCode === 0 ? 'Completed' : 'Error',
  'status.containerStatuses[web].lastState.terminated.exitCode': exitCode,
  'status.containerStatuses[web].lastState.terminated.startedAt': 'now-22s',
  'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20s',
  ...fields,
});

/** The same container, seen in the seconds in which it runs. */
const runningAgain: Fields = {
  ...crashing(1),
  'status.containerStatuses[web].ready': true,
  'status.containerStatuses[web].state': { running: {} },
  'status.containerStatuses[web].state.running.startedAt': 'now-2s',
};

const aboutWeb = { 'involvedObject.fieldPath': 'spec.containers{web}' };

describe('container/crashloop', () => {
  it('reports a container that waits for its next try, with exit code, restarts and the line that tells most', () => {
    const web = pod('web-1', crashing(3));
    const log = logOf(web, 'web', 'starting\nERROR cannot read settings\nbye');
    const [finding] = check(crashLoop, [web], { logs: [log] });
    expect(finding?.title).toBe('Container web of web-1 keeps crashing (Error, exit 3)');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['3', '2', 'ERROR cannot read settings']);
    expect(finding?.remediation[0].command).toBe('kubectl logs web-1 -n shop -c web --previous --tail=100');
  });

  it('reports it as well in the moment between the end and the wait', () => {
    const web = pod('web-1', {
      ...crashing(1),
      'status.containerStatuses[web].state': { terminated: { exitCode: 1, reason: 'Error' } },
    });
    expect(check(crashLoop, [web])).toHaveLength(1);
  });

  it('reports it as well while it runs, when the kubelet has been holding it back', () => {
    const web = pod('web-1', runningAgain);
    const held = eventOn(web, 'BackOff', 'Back-off restarting failed container web in pod web-1', aboutWeb);
    expect(check(crashLoop, [web, held])).toHaveLength(1);
  });

  it('is silent once a run has outlived the one before it', () => {
    const web = pod('web-1', { ...runningAgain, 'status.containerStatuses[web].state.running.startedAt': 'now-3m' });
    const held = eventOn(web, 'BackOff', 'Back-off restarting failed container web', {
      ...aboutWeb,
      lastTimestamp: 'now-4m',
    });
    expect(check(crashLoop, [web, held])).toEqual([]);
  });

  it('offers to go back when the revision before still serves', () => {
    const revision = 'metadata.annotations[deployment.kubernetes.io/revision]';
    const web = object('Deployment', 'web', { [revision]: '2' });
    const old = owned(object('ReplicaSet', 'web-1a', { [revision]: '1', 'status.readyReplicas': 1 }), web);
    const current = owned(object('ReplicaSet', 'web-2b', { [revision]: '2', 'status.readyReplicas': 0 }), web);
    const failing = owned(pod('web-2b-x', crashing(1)), current);
    const [finding] = check(crashLoop, [web, old, current, failing]);
    expect(finding?.fix).toMatchObject({ verb: 'rollout-undo', target: { kind: 'Deployment', name: 'web' } });
    const [withoutOld] = check(crashLoop, [web, current, failing]);
    expect(withoutOld?.fix).toBeUndefined();
  });
});

describe('container/exit-error', () => {
  it('says the exit code, and quotes the log', () => {
    const web = pod('web-1', crashing(3));
    const [finding] = check(exitError, [web], { logs: [logOf(web, 'web', 'fatal: no settings')] });
    expect(finding?.title).toBe('Container web of web-1 exits with code 3');
    expect(finding?.evidence.at(-1)?.value).toBe('fatal: no settings');
  });

  it('speaks of failed pods of a Job that may still succeed as a warning, and not once it has', () => {
    const failed = {
      'status.phase': 'Failed',
      'spec.restartPolicy': 'Never',
      'metadata.creationTimestamp': 'now-5m',
      'status.containerStatuses[main].ready': false,
      'status.containerStatuses[main].state': { terminated: { exitCode: 9, reason: 'Error' } },
    };
    const job = object('Job', 'load', { 'status.failed': 1 });
    const [finding] = check(exitError, [job, owned(pod('load-x', failed), job)]);
    expect(finding).toMatchObject({ severity: 'warning', title: 'Container main of load exits with code 9' });
    const done = object('Job', 'load', { 'status.conditions[Complete].status': 'True' });
    expect(check(exitError, [done, owned(pod('load-x', failed), done)])).toEqual([]);
  });

  it('leaves a liveness kill to the probe, whatever the exit code', () => {
    const web = pod('web-1', crashing(1));
    const killing = eventOn(web, 'Killing', 'Container web failed liveness probe, will be restarted', {
      ...aboutWeb,
      type: 'Normal',
      lastTimestamp: 'now-21s',
    });
    expect(check(exitError, [web, killing])).toEqual([]);
  });
});

describe('container/exit-zero', () => {
  const deployed = (fields: Fields) => {
    const set = object('ReplicaSet', 'web');
    return [set, owned(pod('web-1', fields), set)];
  };

  it('tells a one-shot command under a controller that keeps it running', () => {
    const [finding] = check(
      exitZero,
      deployed(crashing(0, { 'spec.containers[web].command': ['sh', '-c', 'echo done'] })),
    );
    expect(finding?.title).toBe('Container web of web finishes with exit 0 and is restarted for ever');
    expect(finding?.evidence.at(-1)?.value).toBe('["sh","-c","echo done"]');
  });

  it('is silent when a liveness probe stopped it and it ended in good order', () => {
    const objects = deployed(crashing(0));
    const killing = eventOn(objects[1]!, 'Killing', 'Container web failed liveness probe, will be restarted', {
      ...aboutWeb,
      type: 'Normal',
      lastTimestamp: 'now-30s',
    });
    expect(check(exitZero, [...objects, killing])).toEqual([]);
  });
});

describe('container/native-crash', () => {
  it('names the signal behind the exit code', () => {
    const [finding] = check(nativeCrash, [pod('web-1', crashing(139))]);
    expect(finding?.title).toBe('Container web of web-1 crashes in native code (signal 11, exit 139)');
  });

  it('is silent for kills from outside', () => {
    expect(check(nativeCrash, [pod('web-1', crashing(137)), pod('web-2', crashing(143))])).toEqual([]);
  });
});

describe('container/killed-by-signal', () => {
  it('tells 137 without OOMKilled from a lack of memory', () => {
    const [finding] = check(killedBySignal, [pod('web-1', crashing(137))]);
    expect(finding?.title).toBe('Container web of web-1 is killed from outside (exit 137), not for its memory');
    expect(finding?.evidence[0].value).toBe('Error');
  });

  it('is silent when the kubelet killed it for a probe, long ago in the words of its events', () => {
    const web = pod('web-1', crashing(137));
    // The kubelet drops events of an object that has too many.
    const killing = eventOn(web, 'Killing', 'Container web failed startup probe, will be restarted', {
      ...aboutWeb,
      type: 'Normal',
      lastTimestamp: 'now-40m',
    });
    expect(check(killedBySignal, [web, killing])).toEqual([]);
  });

  it('is silent when its runs last just as long as its liveness probe allows', () => {
    const fields = {
      'spec.terminationGracePeriodSeconds': 1,
      'spec.containers[web].livenessProbe': { tcpSocket: { port: 8080 }, periodSeconds: 2, failureThreshold: 3 },
      'status.containerStatuses[web].lastState.terminated.startedAt': 'now-28s',
    };
    expect(check(killedBySignal, [pod('web-1', crashing(137, fields))])).toEqual([]);
  });

  it('is silent where events could not be read', () => {
    expect(check(killedBySignal, [pod('web-1', crashing(137))], { unread: ['Event'] })).toEqual([]);
  });

  it('is silent for memory', () => {
    const oom = crashing(137, { 'status.containerStatuses[web].lastState.terminated.reason': 'OOMKilled' });
    expect(check(killedBySignal, [pod('web-1', oom)])).toEqual([]);
  });
});
