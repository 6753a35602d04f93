import type { ContainerRef } from '../../domain/index.ts';

/** The version of the recordings that aiops writes and reads. */
export const RECORDING_VERSION = 'aiops/v1';

/** `namespace/pod/container`, with `.previous` behind it for the run before the last restart. */
export function logKey({ ref, previous }: { readonly ref: ContainerRef; readonly previous: boolean }): string {
  return `${ref.namespace}/${ref.pod}/${ref.container}${previous ? '.previous' : ''}`;
}
