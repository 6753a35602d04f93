import { defaultLimits, type Limits } from './limits.ts';
import { readRecording } from './recording.ts';
import { RecordedSource } from './source.ts';

export { BundleError } from './limits.ts';
export type { RecordedSource } from './source.ts';

/**
 * Opens a recorded cluster: a folder or .tar.gz of `kubectl cluster-info dump --output-directory`, a troubleshoot.sh
 * support bundle, or a recording made by aiops; which one is told by its content. Nothing is written to disk.
 * Throws BundleError for what is none of these or breaks a limit; what is cut off is used as far as it goes.
 */
export async function openBundle(path: string, limits: Partial<Limits> = {}): Promise<RecordedSource> {
  const all = { ...defaultLimits, ...limits };
  return new RecordedSource(await readRecording(path, all), all);
}
