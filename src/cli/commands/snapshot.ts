import { emptyView, readAll, readLogs, scopeReads, writeRecording } from '../../cluster/index.ts';
import { kindsRead, wantedLogs } from '../../diagnosis/index.ts';
import { count, groupBy, listed, printable } from '../../domain/index.ts';
import { openSource, type ClusterOptions } from '../cluster-options.ts';
import type { CliContext } from '../context.ts';
import { exitCode, type ExitCode } from '../exit-codes.ts';
import { progressLine } from '../progress.ts';
import { namespaceMustExist, nothingRead } from '../question.ts';

export interface SnapshotOptions extends ClusterOptions {
  readonly output: string;
  readonly force?: boolean;
}

/** `aiops snapshot -o FILE`: what diagnosis reads, redacted, with the logs of failing containers. */
export async function snapshotCommand(options: SnapshotOptions, context: CliContext): Promise<ExitCode> {
  const { source, namespace } = await openSource(options, context);
  const progress = progressLine(context);
  try {
    let view = await readAll(source, emptyView(source), scopeReads(kindsRead, namespace), {
      onProgress: progress.update,
    });
    view = view.extend(await readLogs(source, wantedLogs(view)));
    progress.done();
    context.signal.throwIfAborted();
    if (namespace !== undefined) await namespaceMustExist(source, namespace);
    nothingRead(view, namespace, true);
    const identity = await source.identify();
    await writeRecording({ ...view.facts, identity }, options.output, { force: options.force === true });
    for (const [reason, items] of groupBy(view.unseen, (u) => u.reason)) {
      const what = listed([...new Set(items.map((u) => u.what))], 8);
      const detail = items.length === 1 ? `: ${items[0]?.detail ?? ''}` : '';
      context.stderr.write(`${printable(`not recorded (${reason}): ${what}${detail}`)}\n`);
    }
    context.stderr.write(
      `recorded ${count(view.facts.objects.length, 'object')} and ${count(view.facts.logs.length, 'log')} in ${options.output}\n`,
    );
    return exitCode.ok;
  } finally {
    progress.done();
    source.close();
  }
}
