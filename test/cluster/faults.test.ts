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
const faults = loadFaults().filter((f) => only === undefined || f.name.includes(only));

/** Faults that live at the same time: a node holds 110 pods. */
const AT_ONCE = 40;

describe.skipIf(skipReason !== undefined)('a real fault is named by its object and cause', () => {
  let source: ClusterSource;
  let applied = 0;

  const applyNext = async () => {
    const fault = faults[applied++];
    if (!fault) return;
    await kubectl('create', 'namespace', fault.namespace).catch(() => undefined);
    await eventually(
      () => kubectl('get', 'serviceaccount', 'default', '-n', fault.namespace).catch(() => ''),
      (out) => out !== '',
      20,
    );
    await apply(fault.manifest, fault.namespace);
  };

  beforeAll(async () => {
    source = await openKit();
    for (let i = 0; i < AT_ONCE; i++) await applyNext();
  });
  afterAll(() => {
    source.close();
  });

  it.each(faults.map((fault) => [fault.name, fault] as const))('%s', async (_name, fault) => {
    try {
      const ask = () => diagnoseKit(source, { namespace: fault.namespace });
      const diagnosis = await eventually(ask, (d) => misses(fault, d).length === 0, fault.waitSeconds + 60);
      expect(misses(fault, diagnosis), summaryOf(diagnosis)).toEqual([]);
      await expectEvidenceHolds(fault, ask);
    } finally {
      await kubectl('delete', 'namespace', fault.namespace, '--wait=false');
      await kubectl(
        'delete',
        '-n',
        fault.namespace,
        '--ignore-not-found',
        '--wait=false',
        '-f',
        `${import.meta.dirname}/faults/${fault.name}.yaml`,
      ).catch(() => undefined);
      await applyNext();
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

function summaryOf(diagnosis: Diagnosis): string {
  return diagnosis.findings
    .map((f) => `${f.severity} ${f.rule} ${f.subject.kind}/${f.subject.name}: ${f.title}`)
    .join('\n');
}
