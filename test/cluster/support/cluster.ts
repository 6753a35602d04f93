/** A real cluster for tests: kubectl for people's side of things, the product's own reader for ours. */
import { tmpdir } from 'node:os';
import { execa } from 'execa';
import { openLiveSource, type ClusterSource } from '../../../src/cluster/index.ts';
import { investigate, type Diagnosis, type Question } from '../../../src/diagnosis/index.ts';

export const kubeconfig = process.env.AIOPS_TEST_KUBECONFIG;

/** Says loudly why nothing runs: a skipped suite must not look like a green one. */
export const skipReason = kubeconfig === undefined ? 'AIOPS_TEST_KUBECONFIG names no cluster' : undefined;
if (skipReason !== undefined) process.stderr.write(`\n*** cluster tests SKIPPED: ${skipReason}\n\n`);

const env = { KUBECONFIG: kubeconfig ?? '', PATH: process.env.PATH ?? '', HOME: tmpdir() };

/** kubectl with these arguments; stdout, trimmed. Throws with stderr. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  return (await execa('kubectl', [...args], { env, extendEnv: false })).stdout;
}

export async function apply(manifest: string, namespace?: string): Promise<void> {
  const scope = namespace === undefined ? [] : ['-n', namespace];
  await execa('kubectl', ['apply', '--server-side', '-f', '-', ...scope], { env, extendEnv: false, input: manifest });
}

/** What a printed command shows: stdout and stderr, since kubectl says "not found" on the latter. */
export async function runPrinted(command: string): Promise<string> {
  const { all } = await execa('sh', ['-c', command], {
    env,
    extendEnv: false,
    all: true,
    reject: false,
    timeout: 20_000,
  });
  return all;
}

export async function openKit(): Promise<ClusterSource> {
  return openLiveSource({
    kubeconfig: kubeconfig ?? '',
    env: { PATH: env.PATH },
    warn: () => undefined,
    isTty: false,
  });
}

export async function diagnoseKit(source: ClusterSource, question: Question): Promise<Diagnosis> {
  return (await investigate(source, question, { clock: () => performance.now() })).diagnosis;
}

/** Asks again until the answer is there; returns the last answer when the time is over. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isThere: (answer: T) => boolean,
  seconds: number,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (isThere(answer) || performance.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}
