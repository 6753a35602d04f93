import { describe, expect, it } from 'vitest';
import {
  connectionLimit,
  connectionRefused,
  connectionTimeout,
  tlsFailure,
} from '../../../../src/diagnosis/rules/log/connection.ts';
import { logServices } from '../../../../src/diagnosis/logs/index.ts';
import { logOf, object, pod, viewOf } from '../../../support/fixtures.ts';
import { checkLog, crashing } from '../../../support/failing.ts';

const refused = 'dial tcp: connect to db:5432: connect ECONNREFUSED db:5432';
const service = (fields = {}) =>
  object('Service', 'db', { 'spec.ports': [{ port: 5432, targetPort: 5432 }], ...fields });

describe('log/connection-refused', () => {
  it('blames the Service without ready endpoints and points at its pods', () => {
    const db = pod('db-0', { 'metadata.labels.app': 'db', 'status.conditions[Ready].status': 'False' });
    const slice = object('EndpointSlice', 'db', {
      endpoints: [{ addresses: ['10.1.0.3'], conditions: { ready: false } }],
    });
    const [finding] = checkLog(connectionRefused, refused, { beside: [service(), db, slice] });
    expect(finding?.title).toBe('web-1 cannot connect to db:5432: its Service has no ready endpoint');
    expect(finding?.confidence).toBe('certain');
    expect(finding?.causedBy).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'Service', name: 'db' }),
        expect.objectContaining({ kind: 'Pod', name: 'db-0' }),
      ]),
    );
    expect(finding?.evidence.map((e) => e.value)).toEqual([refused, 'false']);
  });

  it('says which ports the Service has when the program uses another', () => {
    const [finding] = checkLog(connectionRefused, 'connect ECONNREFUSED db.shop.svc:5433', { beside: [service()] });
    expect(finding?.title).toBe('web-1 cannot connect to db.shop.svc:5433: the Service has port 5432');
    expect(finding?.evidence[1]?.command).toBe("kubectl get service db -n shop -o jsonpath='{.spec.ports[*].port}'");
  });

  it('names the Service behind a cluster address', () => {
    const [finding] = checkLog(connectionRefused, 'dial tcp 10.96.0.20:5432: connect: connection refused', {
      beside: [service()],
    });
    expect(finding?.causeKey).toBe('db:5432');
    expect(finding?.evidence[1]?.value).toBe('10.96.0.20');
  });

  it('says that the Service does not exist, with the nearest name', () => {
    const [finding] = checkLog(connectionRefused, 'connect ECONNREFUSED dbb:5432', { beside: [service()] });
    expect(finding?.title).toBe('web-1 cannot connect to dbb:5432: Service dbb does not exist');
    expect(finding?.cause).toContain('The nearest name is db.');
  });

  it('only supposes where the target is ready or outside of the cluster', () => {
    const slice = object('EndpointSlice', 'db', {
      endpoints: [{ addresses: ['10.1.0.3'], conditions: { ready: true } }],
    });
    expect(checkLog(connectionRefused, refused, { beside: [service(), slice] })[0]?.confidence).toBe('likely');
    const [outside] = checkLog(connectionRefused, 'connect ECONNREFUSED 192.0.2.7:443');
    expect(outside).toMatchObject({ confidence: 'likely', causeKey: '192.0.2.7:443' });
  });

  it('is silent when the program connected later, and about a container that runs well', () => {
    expect(checkLog(connectionRefused, `${refused}\nconnected to db`)).toEqual([]);
    const fine = pod('web-1', { 'spec.containers[app].image': 'x' });
    expect([
      ...connectionRefused.check({
        view: viewOf([fine], { logs: [logOf(fine, 'app', refused)] }),
        settings: {} as never,
        now: 0,
      }),
    ]).toEqual([]);
  });

  it('keeps the secrets of the line to itself, and quotes what the log still holds', () => {
    const line = 'cannot reach postgres://app:hunter2secret@db:5432/app: connection refused';
    const [finding] = checkLog(connectionRefused, line);
    const quoted = finding?.evidence[0]?.value ?? '';
    expect(quoted).not.toContain('hunter2secret');
    expect(line).toContain(quoted);
    expect(quoted).toContain('connection refused');
  });

  it('gives pods of one workload the same cause', () => {
    const keys = ['10.1.0.4:50412', '10.1.0.5:41000'].map(
      (from) =>
        checkLog(connectionRefused, `read tcp ${from}->10.96.0.20:5432: connect: connection refused`)[0]?.causeKey,
    );
    expect(new Set(keys).size).toBe(1);
  });
});

describe('log/connection-timeout', () => {
  it('names the target, and the policies that may drop the packets', () => {
    const policy = object('NetworkPolicy', 'closed', { 'spec.podSelector': {} });
    const slice = object('EndpointSlice', 'db', {
      endpoints: [{ addresses: ['10.1.0.3'], conditions: { ready: true } }],
    });
    const [finding] = checkLog(connectionTimeout, 'dial tcp 10.96.0.20:5432: i/o timeout', {
      beside: [policy, service(), slice],
    });
    expect(finding?.title).toBe('web-1 gets no answer from db:5432 (timeout)');
    expect(finding?.causedBy).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: 'NetworkPolicy', name: 'closed' })]),
    );
  });

  it('is silent when the program got through later', () => {
    expect(checkLog(connectionTimeout, 'dial tcp 10.96.0.20:5432: i/o timeout\nlistening on :8080')).toEqual([]);
  });
});

describe('log/tls-failure', () => {
  it.each([
    ['x509: certificate signed by unknown authority', 'authority'],
    ['x509: certificate has expired or is not yet valid', 'not valid at this time'],
    ['routines:ssl3_get_record:wrong version number', 'plain text'],
  ])('explains %s', (text, words) => {
    const [finding] = checkLog(tlsFailure, `Get "https://api:8443/": ${text}`);
    expect(finding?.title).toContain('web-1: TLS to api:8443 fails');
    expect(finding?.cause).toContain(words);
  });

  it('leaves a server alone whose clients broke off', () => {
    expect(
      checkLog(tlsFailure, 'http: TLS handshake error from 10.1.0.7:51200: remote error: tls: bad certificate'),
    ).toEqual([]);
  });
});

describe('log/connection-limit', () => {
  it('names the server that accepts no more', () => {
    const [finding] = checkLog(connectionLimit, 'db:5432 FATAL: sorry, too many clients already');
    expect(finding?.title).toBe('web-1: db:5432 accepts no more connections');
  });

  it('is not a setting that is printed at start', () => {
    expect(checkLog(connectionLimit, 'pool ready, max connections 100')).toEqual([]);
  });
});

describe('the Services that logs name', () => {
  it('are found by short name, by name and namespace, and by address, read or not', () => {
    const web = crashing('web-1');
    const api = crashing('api-1');
    const logs = [
      logOf(web, 'app', 'connect ECONNREFUSED db.data.svc:5432'),
      logOf(api, 'app', 'dial tcp 10.96.0.20:5432: connect: connection refused'),
    ];
    const view = viewOf([web, api, service()], { logs });
    expect(logServices(view)).toEqual([
      { kind: 'Service', namespace: 'data', name: 'db' },
      expect.objectContaining({ kind: 'Service', namespace: 'shop', name: 'db' }),
    ]);
  });
});
