/**
 * Real faults: each manifest below faults/ fails for real in a namespace of its own, and the diagnosis of that
 * namespace must name its root cause, with evidence whose printed commands show the value.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterSource } from '../../src/cluster/index.ts';
import type { Diagnosis, FoldedFinding } from '../../src/diagnosis/index.ts';
import { apply, diagnoseKit, eventually, kubectl, openKit, runPrinted, skipReason } from './support/cluster.ts';
import { loadFaults, type Fault } from './support/faults.ts';

const only = process.env.AIOPS_TEST_FAULTS;
// The slow ones first: many faults live at the same time, and none should be waited for at the end.
const faults = loadFaults()
  .filter((f) => only === undefined || f.name.includes(only))
  .sort((a, b) => b.waitSeconds - a.waitSeconds);

describe.skipIf(skipReason !== undefined)('a real fault is named by its object and cause', () => {
  let source: ClusterSource;

  beforeAll(async () => {
    source = await openKit();
  });
  afterAll(() => {
    source.close();
  });

  it.concurrent.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    const { namespace } = fault;
    try {
      await kubectl('create', 'namespace', namespace).catch(() => undefined);
      await eventually(
        () => kubectl('get', 'serviceaccount', 'default', '-n', namespace).catch(() => ''),
        (out) => out !== '',
        20,
      );
      await apply(fault.manifest, namespace);
      const ask = () => diagnoseKit(source, fault.isClusterWide ? {} : { namespace });
      const diagnosis = await eventually(ask, (d) => misses(fault, d).length === 0, fault.waitSeconds + 90);
      expect(misses(fault, diagnosis), summaryOf(diagnosis, namespace)).toEqual([]);
      await expectEvidenceHolds(fault, ask);
    } finally {
      // What lies outside the namespace, by the manifest; the rest with the namespace.
      await kubectl(
        'delete',
        '-n',
        namespace,
        '--ignore-not-found',
        '--wait=false',
        '-f',
        `${import.meta.dirname}/faults/${fault.name}.yaml`,
      ).catch(() => undefined);
      await kubectl('delete', 'namespace', namespace, '--wait=false', '--ignore-not-found');
    }
  });
});

/** What the diagnosis lacks of what the fault expects. */
function misses(fault: Fault, diagnosis: Diagnosis): readonly string[] {
  const lacking = fault.expected.filter((e) => !findingOf(diagnosis, e)).map((e) => `no ${e.rule} on ${e.subject}`);
  const [first] = fault.expected;
  const title = (first && findingOf(diagnosis, first)?.title) ?? '';
  if (fault.title !== undefined && !title.includes(fault.title))
    lacking.push(`title "${title}" lacks "${fault.title}"`);
  return [
    ...lacking,
    ...fault.absent
      .filter((rule) => diagnosis.findings.some((f) => f.rule === rule))
      .map((rule) => `${rule} is no root here`),
  ];
}

function findingOf(diagnosis: Diagnosis, { rule, subject }: Fault['expected'][0]): FoldedFinding | undefined {
  return diagnosis.findings.find((f) => f.rule === rule && subject === `${f.subject.kind}/${f.subject.name}`);
}

/** Runs every evidence command of the expected findings; a state that moves on between the two reads is read again. */
async function expectEvidenceHolds(fault: Fault, ask: () => Promise<Diagnosis>): Promise<void> {
  const wrong = await eventually(
    async () => {
      const diagnosis = await ask();
      const evidence = fault.expected.flatMap((e) => findingOf(diagnosis, e)?.evidence ?? []);
      const shown = await Promise.all(evidence.map(async (e) => ({ ...e, output: await runPrinted(e.command) })));
      return shown
        .filter((e) => !plain(e.output).includes(plain(e.value)))
        .map((e) => `${e.command}\n  wanted: ${e.value}\n  printed: ${e.output.slice(0, 500)}`);
    },
    (list) => list.length === 0,
    45,
  );
  expect(wrong).toEqual([]);
}

/** Line breaks and runs of blanks do not count: kubectl's columns and our single lines differ in them. */
function plain(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function summaryOf(diagnosis: Diagnosis, namespace: string): string {
  return diagnosis.findings
    .filter((f) => f.subject.namespace === namespace || f.subject.namespace === undefined)
    .map((f) => `${f.severity} ${f.rule} ${f.subject.kind}/${f.subject.name}: ${f.title}`)
    .join('\n');
}
