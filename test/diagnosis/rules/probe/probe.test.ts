import { describe, expect, it } from 'vitest';
import {
  livenessBeforeStart,
  livenessKillLoop,
  readinessFailing,
  startupNeverPasses,
} from '../../../../src/diagnosis/rules/probe/loops.ts';
import { namedPortMissing } from '../../../../src/diagnosis/rules/probe/port-names.ts';
import {
  connectionRefused,
  execFailing,
  httpStatus,
  portNotDeclared,
  timeout,
} from '../../../../src/diagnosis/rules/probe/reasons.ts';
import type { KubeObject, Pod } from '../../../../src/domain/index.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const aboutWeb = { 'involvedObject.fieldPath': 'spec.containers{web}' };

const unready: Fields = {
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].started': true,
  'status.conditions[Ready].status': 'False',
  'status.conditions[Ready].lastTransitionTime': 'now-50m',
};

const httpGet = (path: string, port: number | string) => ({ httpGet: { path, port }, periodSeconds: 2 });

const readiness = (probe: object, fields: Fields = {}): Pod =>
  pod('web-1', { ...unready, 'spec.containers[web].readinessProbe': probe, ...fields });

const unhealthy = (of: KubeObject, message: string, fields: Fields = {}) =>
  eventOn(of, 'Unhealthy', message, { ...aboutWeb, ...fields });

const REFUSED = 'dial tcp 10.1.0.9:9090: connect: connection refused';

/** A container that the kubelet has killed and waits to start again. */
const killed = (ranSeconds: number, fields: Fields = {}): Fields => ({
  'spec.terminationGracePeriodSeconds': 1,
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].restartCount': 3,
  'status.containerStatuses[web].started': false,
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  'status.containerStatuses[web].lastState.terminated': { exitCode: 137, reason: 'Error' },
  'status.containerStatuses[web].lastState.terminated.startedAt': `now-${20 + ranSeconds}s`,
  'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20s',
  ...fields,
});

const killing = (of: KubeObject, probe: string) =>
  eventOn(of, 'Killing', `Container web failed ${probe} probe, will be restarted`, {
    ...aboutWeb,
    type: 'Normal',
    lastTimestamp: 'now-21s',
  });

describe('probe/readiness-failing', () => {
  it('says what the probe meets, without addresses', () => {
    const web = readiness(httpGet('/ready', 9090));
    const said = unhealthy(web, `Readiness probe failed: Get "http://10.1.0.9:9090/ready": ${REFUSED}`);
    expect(check(readinessFailing, [web, said])[0]?.title).toBe(
      'web-1 runs but is not ready: readiness probe fails (port 9090 refuses connections)',
    );
  });

  it('is silent within the budget of the probe and half a minute', () => {
    const slow = { ...httpGet('/ready', 9090), initialDelaySeconds: 20, periodSeconds: 10, failureThreshold: 3 };
    const at = (started: string) => {
      const web = readiness(slow, { 'status.containerStatuses[web].state.running.startedAt': started });
      return check(readinessFailing, [web, unhealthy(web, `Readiness probe failed: ${REFUSED}`)]);
    };
    expect(at('now-75s')).toEqual([]);
    expect(at('now-90s')).toHaveLength(1);
  });

  it('is silent once the container is ready, and for events of a former run', () => {
    const ready = readiness(httpGet('/ready', 9090), { 'status.containerStatuses[web].ready': true });
    expect(check(readinessFailing, [ready, unhealthy(ready, `Readiness probe failed: ${REFUSED}`)])).toEqual([]);
    const restarted = readiness(httpGet('/ready', 9090), {
      'status.containerStatuses[web].state.running.startedAt': 'now-5m',
    });
    const old = unhealthy(restarted, `Readiness probe failed: ${REFUSED}`, { lastTimestamp: 'now-20m' });
    expect(check(readinessFailing, [restarted, old])).toEqual([]);
  });

  it('is silent within a grace that the workload was given', () => {
    const web = readiness(httpGet('/ready', 9090), { 'metadata.creationTimestamp': 'now-1h' });
    const settings = { startupGrace: [{ namespace: 'shop', workload: 'web-1', seconds: 7200 }] };
    const said = unhealthy(web, `Readiness probe failed: ${REFUSED}`);
    expect(check(readinessFailing, [web, said], { settings })).toEqual([]);
  });
});

describe('probe/liveness-kill-loop', () => {
  const live = { 'spec.containers[web].livenessProbe': httpGet('/live', 8080) };

  it('tells a container that the kubelet kills from one that crashes', () => {
    const web = pod('web-1', { ...killed(6), ...live });
    const said = unhealthy(web, 'Liveness probe failed: HTTP probe failed with statuscode: 404');
    const [finding] = check(livenessKillLoop, [web, said, killing(web, 'liveness')]);
    expect(finding?.title).toBe('web-1 is restarted by its own liveness probe: 404 on /live');
  });

  it('is likely where only the length of the runs tells, since events are gone', () => {
    const [finding] = check(livenessKillLoop, [pod('web-1', { ...killed(6), ...live })]);
    expect(finding?.confidence).toBe('likely');
  });

  it('is silent after one kill that helped', () => {
    const web = pod('web-1', {
      ...killed(6),
      ...live,
      'status.containerStatuses[web].ready': true,
      'status.containerStatuses[web].restartCount': 1,
      'status.containerStatuses[web].state': { running: {} },
      'status.containerStatuses[web].state.running.startedAt': 'now-18s',
    });
    expect(check(livenessKillLoop, [web, killing(web, 'liveness')])).toEqual([]);
  });

  it('is silent for a crash that is no work of the kubelet', () => {
    const web = pod('web-1', {
      ...killed(6),
      ...live,
      'status.containerStatuses[web].lastState.terminated.exitCode': 1,
    });
    expect(check(livenessKillLoop, [web])).toEqual([]);
  });
});

describe('probe/startup-never-passes', () => {
  const startup = { 'spec.containers[web].startupProbe': { ...httpGet('/up', 8080), failureThreshold: 30 } };

  it('names the time that the start was given', () => {
    const web = pod('web-1', { ...killed(61), ...startup });
    const said = unhealthy(web, 'Startup probe failed: HTTP probe failed with statuscode: 503');
    const [finding] = check(startupNeverPasses, [web, said, killing(web, 'startup')]);
    expect(finding?.title).toBe('web-1 never passes its startup probe: 503 on /up');
    expect(finding?.cause).toContain('within 60s');
  });

  it('is silent while the start still has time', () => {
    const web = pod('web-1', {
      ...startup,
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].started': false,
      'status.containerStatuses[web].state.running.startedAt': 'now-40s',
    });
    const said = unhealthy(web, 'Startup probe failed: HTTP probe failed with statuscode: 503');
    expect(check(startupNeverPasses, [web, said])).toEqual([]);
  });
});

describe('probe/http-status', () => {
  it('names status and path', () => {
    const web = readiness(httpGet('/health', 8080));
    const [finding] = check(httpStatus, [
      web,
      unhealthy(web, 'Readiness probe failed: HTTP probe failed with statuscode: 404'),
    ]);
    expect(finding?.title).toBe('Readiness probe of web-1 answers 404 on /health');
    expect(finding?.evidence.map((e) => e.value)).toContain('/health');
  });

  it('is silent about a redirect, which counts as success', () => {
    const web = readiness(httpGet('/health', 8080), { 'status.containerStatuses[web].ready': true });
    const said = eventOn(web, 'ProbeWarning', 'Readiness probe warning: Probe terminated redirects', aboutWeb);
    expect(check(httpStatus, [web, said])).toEqual([]);
  });
});

describe('probe/connection-refused', () => {
  it('names the port on which nothing listens', () => {
    const web = readiness(httpGet('/ready', 9090));
    const [finding] = check(connectionRefused, [web, unhealthy(web, `Readiness probe failed: ${REFUSED}`)]);
    expect(finding?.title).toBe('Nothing listens on port 9090 of web-1, which its readiness probe checks');
    expect(finding?.evidence[0].value).toBe('9090');
  });

  it('is silent when the port is merely slow', () => {
    const web = readiness(httpGet('/ready', 9090));
    const said = unhealthy(web, 'Readiness probe failed: Get "http://10.1.0.9:9090/ready": context deadline exceeded');
    expect(check(connectionRefused, [web, said])).toEqual([]);
  });
});

describe('probe/timeout', () => {
  it('names the time that the check was given', () => {
    const web = readiness({ exec: { command: ['sleep', '5'] }, periodSeconds: 2 });
    const said = unhealthy(web, 'Readiness probe failed: command timed out: "sleep 5" timed out after 1s');
    expect(check(timeout, [web, said])[0]?.title).toBe('Readiness probe of web-1 times out after 1s');
  });

  it('is silent when the port refuses', () => {
    const web = readiness(httpGet('/ready', 9090));
    expect(check(timeout, [web, unhealthy(web, `Readiness probe failed: ${REFUSED}`)])).toEqual([]);
  });
});

describe('probe/exec-failing', () => {
  const said = "Readiness probe failed: cat: can't open '/tmp/ready': No such file or directory\n";

  it('quotes the command’s own output', () => {
    const web = readiness({ exec: { command: ['cat', '/tmp/ready'] } });
    const [finding] = check(execFailing, [web, unhealthy(web, said)]);
    expect(finding?.title).toContain("Readiness probe command of web-1 fails: cat: can't open '/tmp/ready'");
  });

  it('says that a command is not in the image, also in combined events', () => {
    const web = readiness({ exec: { command: ['curl', '-f', 'http://localhost/'] } });
    const [finding] = check(execFailing, [
      web,
      unhealthy(
        web,
        '(combined from similar events): Readiness probe errored and resulted in unknown state: rpc error: code = Unknown ' +
          'desc = failed to exec in container: failed to start exec "4d2b": OCI runtime exec failed: exec failed: ' +
          'unable to start container process: exec: "curl": executable file not found in $PATH: unknown',
      ),
    ]);
    expect(finding?.title).toBe('Readiness probe command of web-1 fails: "curl" is not in the image');
  });

  it('is silent for a command that took too long', () => {
    const web = readiness({ exec: { command: ['sleep', '5'] } });
    const slow = 'Readiness probe failed: command timed out: "sleep 5" timed out after 1s';
    expect(check(execFailing, [web, unhealthy(web, slow)])).toEqual([]);
  });
});

describe('probe/named-port-missing', () => {
  const named = (port: string, probe = 'readinessProbe'): Fields => ({
    [`spec.containers[web].${probe}`]: httpGet('/ready', port),
    'spec.containers[web].ports': [{ name: 'http', containerPort: 8080 }],
  });

  it('offers the name that was meant as a typed fix', () => {
    const set = object('StatefulSet', 'web');
    const [finding] = check(namedPortMissing, [set, owned(pod('web-0', named('htpp')), set)]);
    expect(finding?.title).toBe('Readiness probe of web asks port "htpp", which container web does not declare');
    expect(finding?.fix).toMatchObject({
      verb: 'set-probe',
      path: '.spec.template.spec.containers[?(@.name=="web")].readinessProbe.httpGet.port',
      value: 'http',
    });
  });

  it('is a warning for liveness, whose error the kubelet throws away', () => {
    expect(check(namedPortMissing, [pod('web-1', named('htpp', 'livenessProbe'))])[0]?.severity).toBe('warning');
  });

  it('is silent for a declared name, and for numbers', () => {
    const byNumber = { 'spec.containers[web].readinessProbe': httpGet('/ready', 9090) };
    expect(check(namedPortMissing, [pod('web-1', named('http')), pod('web-2', byNumber)])).toEqual([]);
  });
});

describe('probe/port-not-declared', () => {
  const declared = { 'spec.containers[web].ports': [{ containerPort: 8080 }] };

  it('offers the only declared port as a typed fix', () => {
    const set = object('StatefulSet', 'web');
    const web = owned(readiness(httpGet('/ready', 9090), declared), set);
    const [finding] = check(portNotDeclared, [set, web, unhealthy(web, `Readiness probe failed: ${REFUSED}`)]);
    expect(finding?.title).toBe('Readiness probe of web checks port 9090, the container declares 8080');
    expect(finding?.fix).toMatchObject({ verb: 'set-probe', value: 8080 });
  });

  it('is silent while the undeclared port answers', () => {
    const web = readiness(httpGet('/ready', 9090), { ...declared, 'status.containerStatuses[web].ready': true });
    expect(check(portNotDeclared, [web])).toEqual([]);
  });
});

describe('probe/liveness-before-start', () => {
  const probe = { tcpSocket: { port: 8080 }, periodSeconds: 2, failureThreshold: 3 };
  const starting = (fields: Fields = {}) => {
    const web = pod('web-1', {
      ...killed(8),
      'spec.containers[web].livenessProbe': probe,
      'spec.containers[web].ports': [{ containerPort: 8080 }],
      ...fields,
    });
    const said = unhealthy(web, 'Liveness probe failed: dial tcp 10.1.0.9:8080: connect: connection refused');
    return [web, said, killing(web, 'liveness')];
  };

  it('says that each run is killed before its declared port opens', () => {
    const [finding] = check(livenessBeforeStart, starting());
    expect(finding?.title).toBe('web-1 is killed while still starting: liveness allows 6s, no startupProbe');
    expect(check(connectionRefused, starting())).toEqual([]);
  });

  it('is silent for a kill after a long healthy run, and with a startup probe', () => {
    const long = { 'status.containerStatuses[web].lastState.terminated.startedAt': 'now-3h' };
    expect(check(livenessBeforeStart, starting(long))).toEqual([]);
    expect(check(livenessBeforeStart, starting({ 'spec.containers[web].startupProbe': probe }))).toEqual([]);
  });
});
