import { describe, expect, it } from 'vitest';
import { findPrometheus } from '../../src/usage/index.ts';
import { object, viewOf, type Fields } from '../support/fixtures.ts';

const service = (name: string, port: number, more: Fields = {}) =>
  object('Service', name, { 'metadata.namespace': 'monitoring', 'spec.ports': [{ name: 'http-web', port }], ...more });
const found = (...services: ReturnType<typeof service>[]) =>
  findPrometheus(viewOf(services)).map((f) => [f.command, f.url]);

describe('a Prometheus in the cluster', () => {
  it.each([
    ['prometheus-k8s', 9090],
    ['prometheus-operated', 9090],
    ['prometheus-server', 80],
    ['monitoring-kube-prometheus-prometheus', 9090],
    ['kube-prometheus-stack-prometheus', 9090],
  ])('is found as %s, with the line that reaches it', (name, port) => {
    expect(found(service(name, port))).toEqual([
      [`kubectl port-forward -n monitoring service/${name} 9090:${port}`, 'http://127.0.0.1:9090'],
    ]);
  });

  it('is found by its label, and behind the path of Mimir', () => {
    expect(found(service('metrics', 9090, { 'metadata.labels[app.kubernetes.io/name]': 'prometheus' }))).toHaveLength(
      1,
    );
    expect(found(service('mimir-query-frontend', 8080))).toEqual([
      ['kubectl port-forward -n monitoring service/mimir-query-frontend 9090:8080', 'http://127.0.0.1:9090/prometheus'],
    ]);
  });

  it('is not one of its neighbours', () => {
    const others = [
      'prometheus-alertmanager',
      'prometheus-node-exporter',
      'prometheus-operator',
      'prometheus-kube-state-metrics',
      'prometheus-pushgateway',
      'prometheus-adapter',
      'grafana',
      'web',
    ];
    expect(found(...others.map((name) => service(name, 9090)))).toEqual([]);
  });

  it('is asked through a querier first, and by a Service with an address rather than without', () => {
    expect(
      found(
        service('prometheus-operated', 9090, { 'spec.clusterIP': 'None' }),
        service('thanos-query', 9090),
        service('prometheus-k8s', 9090),
      ).map(([command]) => command),
    ).toEqual([
      expect.stringContaining('thanos-query'),
      expect.stringContaining('prometheus-k8s'),
      expect.stringContaining('prometheus-operated'),
    ]);
  });
});
