import { describe, expect, it } from 'vitest';
import { eventOn, object, owned, pod, viewOf } from '../support/fixtures.ts';

describe('what is known about one object', () => {
  it('is present, absent only where its list is complete or it was asked for by name, else unknown', () => {
    const view = viewOf([object('Secret', 'db')]);
    expect(view.find('Secret', 'shop', 'db').state).toBe('present');
    expect(view.find('Secret', 'shop', 'other').state).toBe('absent');
    const blind = viewOf([], { unread: ['Secret'], absent: [{ kind: 'Secret', namespace: 'shop', name: 'asked' }] });
    expect(blind.find('Secret', 'shop', 'asked').state).toBe('absent');
    expect(blind.find('Secret', 'shop', 'db')).toEqual({ state: 'unknown', why: 'you may not list Secret' });
  });
});

describe('owners', () => {
  const deployment = object('Deployment', 'web');
  const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
  const web = owned(pod('web-5f-1', { 'metadata.labels[pod-template-hash]': '5f' }), replicaSet);

  it('go up to the template that a person corrects', () => {
    expect(viewOf([web, replicaSet, deployment]).workload(web)).toMatchObject({ kind: 'Deployment', name: 'web' });
  });

  it('are known by the hash in the name where the ReplicaSet was not read', () => {
    expect(viewOf([web], { unread: ['ReplicaSet', 'Deployment'] }).workload(web)).toMatchObject({
      kind: 'Deployment',
      name: 'web',
    });
  });

  it('of a static pod leave it its own', () => {
    const node = object('Node', 'node-1');
    expect(viewOf([node, owned(pod('etcd'), node)]).workload(owned(pod('etcd'), node))).toMatchObject({
      kind: 'Pod',
      name: 'etcd',
    });
  });

  it('that own each other end', () => {
    const a = object('Job', 'a');
    const b = owned(object('Job', 'b'), a);
    owned(a, b);
    expect(viewOf([a, b]).owners(a)).toHaveLength(2);
  });

  it('have their pods below them, through ReplicaSets', () => {
    const view = viewOf([web, replicaSet, deployment, pod('other')]);
    expect(view.podsOf({ kind: 'Deployment', namespace: 'shop', name: 'web' }).map((p) => p.metadata.name)).toEqual([
      'web-5f-1',
    ]);
  });
});

describe('events', () => {
  const web = pod('web');

  it('are those of exactly this object within two hours, oldest first', () => {
    const namesake = pod('web');
    const events = [
      eventOn(web, 'B', 'second', { lastTimestamp: 'now-1m' }),
      eventOn(web, 'A', 'first', { lastTimestamp: 'now-1h' }),
      eventOn(web, 'Old', 'too old', { lastTimestamp: 'now-3h' }),
      eventOn(namesake, 'Other', 'of an earlier pod of that name'),
    ];
    expect(
      viewOf([web, ...events])
        .events(web)
        .map((e) => e.reason),
    ).toEqual(['A', 'B']);
    expect(viewOf([web, ...events]).events(web, 'B')).toHaveLength(1);
  });

  it('without any time are not taken for new', () => {
    const timeless = eventOn(web, 'X', 'no time', { eventTime: null, lastTimestamp: null, firstTimestamp: null });
    expect(viewOf([web, timeless]).events(web)).toEqual([]);
  });

  it('count by the latest of their times', () => {
    const series = eventOn(web, 'S', 'series', {
      lastTimestamp: 'now-5h',
      series: { count: 9, lastObservedTime: new Date(Date.parse('2026-06-01T11:59:00Z')).toISOString() },
    });
    expect(viewOf([web, series]).events(web)).toHaveLength(1);
  });
});

describe('endpoints', () => {
  it('are unknown where slices could not be read, none where there are none', () => {
    const service = { kind: 'Service', namespace: 'shop', name: 'web' };
    expect(viewOf([], { unread: ['EndpointSlice'] }).slices(service)).toBeUndefined();
    expect(viewOf([]).slices(service)).toEqual([]);
    expect(viewOf([object('EndpointSlice', 'web')]).slices(service)).toHaveLength(1);
  });
});
