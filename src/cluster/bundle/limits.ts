/** Bytes of a recording, unpacked, that are read at most: more than ten thousand pods need, less than fills a machine. */
export const MAX_TOTAL_BYTES = 512 * 1024 * 1024;
export const MAX_ENTRIES = 200_000;
export const MAX_DEPTH_OF_FOLDERS = 16;
/** The API server accepts no larger object, indented four times over. */
export const MAX_OBJECT_BYTES = 8 * 1024 * 1024;
export const MAX_JSON_DEPTH = 64;
/** YAML has to be parsed as a whole. */
export const MAX_YAML_BYTES = 32 * 1024 * 1024;
export const MAX_LINE = 2048;

export interface Limits {
  readonly totalBytes: number;
  readonly entries: number;
}

export const defaultLimits: Limits = { totalBytes: MAX_TOTAL_BYTES, entries: MAX_ENTRIES };

/** A recording that cannot be used, with what to do about it. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** A recording that is larger than what is read: no part of it is used, since nobody could tell which. */
export class LimitError extends BundleError {}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MiB`;
}
