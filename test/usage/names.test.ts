import { describe, expect, it } from 'vitest';
import { namePatterns, possibleMakers } from '../../src/usage/names.ts';
import { usageScope } from '../../src/usage/index.ts';
import { object, owned, pod, viewOf } from '../support/fixtures.ts';
import type { KubeObject } from '../../src/domain/index.ts';

describe('names of pods', () => {
  it('gathers workloads of one kind into one pattern', () => {
    expect(
      namePatterns([
        { kind: 'Deployment', name: 'web' },
        { kind: 'Deployment', name: 'api.v1' },
        { kind: 'StatefulSet', name: 'db' },
      ]),
    ).toEqual(['(api\\.v1|web)-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}', 'db-[0-9]+']);
  });

  it.each([
    ['web-5b7c9d8f46-x2v4z', 'Deployment', 'web'],
    ['log-agent-x2v4z', 'DaemonSet', 'log-agent'],
    ['db-11', 'StatefulSet', 'db'],
    ['backup-29012345-x2v4z', 'CronJob', 'backup'],
    ['toolbox', 'Pod', 'toolbox'],
  ])('reads %s as a pod of %s %s', (name, kind, maker) => {
    expect(possibleMakers(name)).toContainEqual({ kind, name: maker });
  });

  it('does not take a word with vowels for a random part', () => {
    expect(possibleMakers('web-api-x2v4z')).not.toContainEqual({ kind: 'Deployment', name: 'web' });
  });
});

describe('whose pod it is', () => {
  const deployment = object('Deployment', 'web');
  const revision = owned(object('ReplicaSet', 'web-5b7c9d8f46'), deployment);
  const live = owned(pod('web-5b7c9d8f46-x2v4z'), revision);
  const scopeOf = (objects: readonly KubeObject[], only?: string) =>
    usageScope(viewOf(objects), only === undefined ? undefined : (w) => w.name === only);

  it('joins live pods by their owners and dead ones by their names', () => {
    const scope = scopeOf([deployment, revision, live]);
    expect(scope.ownerOf('shop', 'web-5b7c9d8f46-x2v4z')).toBe('shop/Deployment/web');
    expect(scope.ownerOf('shop', 'web-7bcd4f68-q9k2m')).toBe('shop/Deployment/web');
    expect(scope.ownerOf('other', 'web-7bcd4f68-q9k2m')).toBeUndefined();
  });

  it('drops a live pod whose owner is another workload, however it is called', () => {
    const stranger = owned(pod('web-bcd-x2v4z'), object('StatefulSet', 'other'));
    const scope = scopeOf([deployment, revision, live, stranger, object('StatefulSet', 'other')], 'web');
    expect(scope.ownerOf('shop', 'web-bcd-x2v4z')).toBeUndefined();
    expect(scope.ownerOf('shop', 'web-bcd-x2v5z')).toBe('shop/Deployment/web');
  });

  it('prefers the longer name: a dead pod of DaemonSet web-db is not of Deployment web', () => {
    const scope = scopeOf([deployment, object('DaemonSet', 'web-db')]);
    expect(scope.ownerOf('shop', 'web-db-x2v4z')).toBe('shop/DaemonSet/web-db');
  });

  it('gives a dead pod to nobody when two workloads may have had it', () => {
    const scope = scopeOf([object('DaemonSet', 'agent'), object('Job', 'agent')]);
    expect(scope.ownerOf('shop', 'agent-x2v4z')).toBeUndefined();
  });

  it('leaves dead pods of workloads alone that were not asked for', () => {
    const scope = scopeOf([deployment, object('DaemonSet', 'web-db')], 'web');
    expect(scope.ownerOf('shop', 'web-db-x2v4z')).toBeUndefined();
  });

  it('finds the pods of a StatefulSet below an operator’s resource', () => {
    const database = { kind: 'Database', metadata: { name: 'orders', namespace: 'shop', uid: 'd1' } };
    const scope = scopeOf([owned(object('StatefulSet', 'orders-db'), database)]);
    expect(scope.targets).toMatchObject([
      { workload: { kind: 'Database', name: 'orders' }, makers: [{ kind: 'StatefulSet', name: 'orders-db' }] },
    ]);
    expect(scope.ownerOf('shop', 'orders-db-0')).toBe('shop/Database/orders');
  });

  it('counts the containers that run as long as the pod, native sidecars among them', () => {
    const many = pod('web-1', {
      'spec.containers': [{ name: 'app' }, { name: 'proxy' }],
      'spec.initContainers': [{ name: 'setup' }, { name: 'mesh', restartPolicy: 'Always' }],
    });
    expect(scopeOf([many]).targets).toMatchObject([
      { workload: { kind: 'Pod', name: 'web-1' }, containers: 3, isJob: false },
    ]);
  });

  it('knows Jobs and CronJobs as short-lived', () => {
    const cron = object('CronJob', 'backup');
    const job = owned(object('Job', 'backup-29012345'), cron);
    const scope = scopeOf([cron, job, owned(pod('backup-29012345-x2v4z'), job)]);
    expect(scope.targets).toMatchObject([{ workload: { kind: 'CronJob', name: 'backup' }, isJob: true }]);
    expect(scope.ownerOf('shop', 'backup-28999999-q9k2m')).toBe('shop/CronJob/backup');
  });
});
