/** The control: a namespace full of things that look faulty and are not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSource } from '../../src/cluster/index.ts';
import { apply, diagnoseKit, kubectl, openKit, skipReason } from './support/cluster.ts';

const manifest = readFileSync(join(import.meta.dirname, '../../samples/manifests/healthy.yaml'), 'utf8');

describe.skipIf(skipReason !== undefined)('a healthy namespace with suspicious-looking objects', () => {
  let source: ClusterSource;

  beforeAll(async () => {
    source = await openKit();
    await apply(manifest);
    await kubectl('wait', '-n', 'calm', '--for=condition=Available', 'deployment/chatty', '--timeout=120s');
    await kubectl('wait', '-n', 'calm', '--for=condition=Complete', 'job/import', '--timeout=120s');
    await kubectl('wait', '-n', 'calm', '--for=condition=Ready', 'pod/once-bitten', '--timeout=120s');
  });
  afterAll(async () => {
    source.close();
    await kubectl('delete', 'namespace', 'calm', '--wait=false');
    await kubectl('delete', 'storageclass', 'calm-local', '--wait=false');
  });

  it('yields nothing of warning or worse', async () => {
    const { findings } = await diagnoseKit(source, { namespace: 'calm' });
    expect(findings.filter((f) => f.severity !== 'info').map((f) => `${f.rule} ${f.subject.name}: ${f.title}`)).toEqual(
      [],
    );
  });

  it('is quiet about each pod, asked one by one', async () => {
    const pods = (await kubectl('get', 'pods', '-n', 'calm', '-o', 'name'))
      .split('\n')
      .map((name) => name.replace('pod/', ''));
    for (const name of pods) {
      const { findings } = await diagnoseKit(source, {
        namespace: 'calm',
        target: { kind: 'Pod', namespace: 'calm', name },
      });
      expect(findings.filter((f) => f.severity !== 'info').map((f) => `${name}: ${f.rule} ${f.title}`)).toEqual([]);
    }
  });
});
