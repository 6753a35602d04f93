/** An image reference, taken apart: `host:port/path:tag@digest`. */
export interface ImageReference {
  /** Registry host, with its port; docker.io where none is named. */
  readonly host: string;
  readonly hasHost: boolean;
  /** Repository inside the registry, e.g. `library/nginx`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * The first part is a host only if it holds a dot or a colon or is `localhost`; a colon after the last slash begins the
 * tag. Source: github.com/distribution/reference, splitDockerDomain.
 */
export function parseImage(text: string): ImageReference {
  const [named = '', digest] = text.split('@', 2);
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const hasHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost');
  const rest = hasHost ? named.slice(slash + 1) : named;
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const host = hasHost ? first : 'docker.io';
  return {
    host,
    hasHost,
    path: host === 'docker.io' && !path.includes('/') ? `library/${path}` : path,
    ...(colon >= 0 && { tag: rest.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/** The reference as runtimes write it in messages: host, path and tag in full. */
export function fullName(text: string): string {
  const { host, path, tag, digest } = parseImage(text);
  const version = digest !== undefined ? `@${digest}` : `:${tag ?? 'latest'}`;
  return `${host}/${path}${version}`;
}

/** Host and path: what a tag belongs to. */
export function repositoryOf(text: string): string {
  const { host, path } = parseImage(text);
  return `${host}/${path}`;
}

/** Neither a digest nor a tag that names a version. */
export function isMutable(text: string): boolean {
  const { tag, digest } = parseImage(text);
  return digest === undefined && (tag === undefined || tag === 'latest');
}

/** The reference for a title: its last part where the whole is too long. */
export function shortImage(text: string, max = 44): string {
  const short = text.replace(/@sha256:([0-9a-f]{12})[0-9a-f]+$/, '@sha256:$1…');
  if (short.length <= max) return short;
  const last = `…/${short.slice(short.lastIndexOf('/') + 1)}`;
  return last.length <= max ? last : `…${last.slice(-(max - 1))}`;
}
