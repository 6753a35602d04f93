import { kindInfo, isKind, type Kind, type KindMap } from '../domain/index.ts';
import { cleanerOf } from './ingest/clean.ts';
import { roots } from './ingest/shapes.ts';

type Fields = Record<string, unknown>;

/**
 * One object of the API, trimmed and safe to look at: every field has the type that it should have, texts are
 * printable and at most 4 KiB long, values of Secrets, ConfigMaps, environment variables and secret-like arguments are
 * gone. Undefined where it is no object of this kind. The raw object is taken over: it must not be used afterwards.
 */
export function ingest<K extends Kind>(kind: K, raw: unknown): KindMap[K] | undefined {
  if (!isFields(raw) || !isFields(raw['metadata']) || !isOfKind(kind, raw)) return undefined;
  const { group, version } = kindInfo(kind);
  // Never copied, so that a page of Secrets is not held longer than it takes to read its names.
  const clean = cleanerOf(roots[kind])(kind === 'Secret' ? { metadata: raw['metadata'] } : raw) as Fields;
  const { metadata } = clean as { metadata: Fields };
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '') return undefined;
  const object = { apiVersion: group === '' ? version : `${group}/${version}`, kind, ...clean };
  // The cleaner gives every field its type by the client's model of the kind.
  return object as unknown as KindMap[K];
}

/** Items of a list say neither kind nor version; metadata-only reads say PartialObjectMetadata. */
function isOfKind(kind: Kind, raw: Fields): boolean {
  const { kind: said, apiVersion } = raw;
  if (typeof said === 'string' && said !== kind && isKind(said)) return false;
  if (typeof apiVersion !== 'string' || apiVersion.startsWith('meta.k8s.io/')) return true;
  const slash = apiVersion.indexOf('/');
  return (slash < 0 ? '' : apiVersion.slice(0, slash)) === kindInfo(kind).group;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
