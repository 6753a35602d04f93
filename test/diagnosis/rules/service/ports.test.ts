import { describe, expect, it } from 'vitest';
import { targetPortNameMissing, targetPortUndeclared } from '../../../../src/diagnosis/rules/service/ports.ts';
import { check, logOf, object, pod, type Fields } from '../../../support/fixtures.ts';

const service = (targetPort: unknown, fields: Fields = {}) =>
  object('Service', 'catalog', { 'spec.ports': [{ port: 80, targetPort, protocol: 'TCP' }], ...fields });
const served = (ports: readonly Fields[], fields: Fields = {}) =>
  pod('catalog-1', { 'metadata.labels.app': 'catalog', 'spec.containers[web].ports': ports, ...fields });
const http = { name: 'http', containerPort: 8080 };

describe('service/target-port-name-missing', () => {
  it('names the ports that the pods declare and sets the nearest', () => {
    const [finding] = check(targetPortNameMissing, [
      service('htpp'),
      served([http, { name: 'metrics', containerPort: 9090 }]),
    ]);
    expect(finding?.title).toBe('Service catalog: target port "htpp" is declared by none of its pods');
    expect(finding?.cause).toContain('declare http (8080) and metrics (9090)');
    expect(finding?.fix).toMatchObject({ verb: 'set-port', path: '.spec.ports[0].targetPort', value: 'http' });
    expect(finding?.remediation[0].command).toBe(
      `kubectl patch service catalog -n shop --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":"http"}]'`,
    );
  });

  it('offers the number of the only port where it has no name', () => {
    expect(check(targetPortNameMissing, [service('web'), served([{ containerPort: 8080 }])])[0]?.fix).toMatchObject({
      value: 8080,
    });
  });

  it('offers nothing where several ports could be meant', () => {
    const ports = [
      { name: 'alpha', containerPort: 1 },
      { name: 'gamma', containerPort: 2 },
    ];
    const [finding] = check(targetPortNameMissing, [service('web'), served(ports)]);
    expect(finding).toBeDefined();
    expect(finding?.fix).toBeUndefined();
  });

  it('takes a name of the other protocol for missing', () => {
    expect(check(targetPortNameMissing, [service('http'), served([{ ...http, protocol: 'UDP' }])])).toHaveLength(1);
  });

  it('is silent when some pod declares the name, a sidecar too, and for a headless Service', () => {
    const sidecar = { 'spec.initContainers': [{ name: 'proxy', restartPolicy: 'Always', ports: [http] }] };
    expect(
      check(targetPortNameMissing, [service('http'), served([]), served([http], { 'metadata.name': 'catalog-2' })]),
    ).toEqual([]);
    expect(check(targetPortNameMissing, [service('http'), served([], sidecar)])).toEqual([]);
    expect(check(targetPortNameMissing, [service('x', { 'spec.clusterIP': 'None' }), served([http])])).toEqual([]);
  });
});

describe('service/target-port-undeclared', () => {
  it('is only a hint for information while nothing shows that the port is closed', () => {
    const [finding] = check(targetPortUndeclared, [service(9000), served([http])]);
    expect(finding).toMatchObject({ severity: 'info', confidence: 'hint' });
    expect(finding?.fix).toBeUndefined();
  });

  it('is certain when a client of the Service was refused', () => {
    const client = pod('front-1');
    const log = logOf(client, 'web', 'dial tcp: connect catalog.shop.svc:80: connection refused');
    const [finding] = check(targetPortUndeclared, [service(9000), served([http]), client], { logs: [log] });
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'certain', fix: { value: 8080 } });
    expect(finding?.cause).toMatch(/^Nothing listens on port 9000/);
  });

  it('does not take a refusal of another Service for its own', () => {
    const client = pod('front-1');
    const log = logOf(client, 'web', 'dial tcp: connect old-catalog:80: connection refused');
    expect(check(targetPortUndeclared, [service(9000), served([http]), client], { logs: [log] })[0]?.severity).toBe(
      'info',
    );
  });

  it('is likely when the readiness probe passes on the port that is declared', () => {
    const probed = served([http], { 'spec.containers[web].readinessProbe': { httpGet: { port: 'http' } } });
    expect(check(targetPortUndeclared, [service(9000), probed])[0]).toMatchObject({
      severity: 'warning',
      confidence: 'likely',
    });
  });

  it('is silent when nothing is declared, when the port is, and when a probe answers on it', () => {
    const probed = served([http], { 'spec.containers[web].readinessProbe': { tcpSocket: { port: 9000 } } });
    expect(check(targetPortUndeclared, [service(9000), served([])])).toEqual([]);
    expect(check(targetPortUndeclared, [service(8080), served([http])])).toEqual([]);
    expect(check(targetPortUndeclared, [service(9000), probed])).toEqual([]);
  });
});
