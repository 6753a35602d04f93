import type { ClusterSource } from './source.ts';
import type { Facts } from './view.ts';
import type { RecordOptions } from './snapshot.ts';
import type { LiveOptions, LiveSource } from './live/index.ts';

// Behind functions, so that a command loads only the source that it uses: the Kubernetes client costs start-up time.

/** The API server that the kubeconfig (or the in-cluster account) names. */
export async function openLiveSource(options: LiveOptions): Promise<LiveSource> {
  const { openLive } = await import('./live/index.ts');
  return openLive(options);
}

/** Names of the contexts of the kubeconfig. */
export async function contextNames(options: Pick<LiveOptions, 'kubeconfig' | 'env'>): Promise<readonly string[]> {
  const live = await import('./live/index.ts');
  return live.contextNames(options);
}

/** A recorded cluster: a folder or archive of a cluster-info dump, a support bundle or our own snapshot. */
export async function openRecording(path: string): Promise<ClusterSource & { readonly doubts: readonly string[] }> {
  const { openBundle } = await import('./bundle/index.ts');
  return openBundle(path);
}

/** Writes what was read as an archive that `openRecording` takes. */
export async function writeRecording(facts: Facts, path: string, options: RecordOptions): Promise<void> {
  const snapshot = await import('./snapshot.ts');
  await snapshot.writeRecording(facts, path, options);
}

export type { LiveOptions, LiveSource };
