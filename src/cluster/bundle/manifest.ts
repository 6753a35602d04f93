import { z } from 'zod';
import { isKind, type Kind, type ObjectRef, type Unseen } from '../../domain/index.ts';
import type { ClusterIdentity } from '../source.ts';
import { RECORDING_VERSION } from './format.ts';

const text = z.string().max(4096);
const kind = z.custom<Kind>((value) => typeof value === 'string' && isKind(value), 'unknown kind');

const schema = z.object({
  apiVersion: z.literal(RECORDING_VERSION),
  kind: z.literal('Recording'),
  recordedAt: z.iso.datetime(),
  identity: z.object({
    name: text,
    server: text.exactOptional(),
    uid: text.exactOptional(),
    version: text.exactOptional(),
  }),
  complete: z.array(z.object({ kind, namespace: text.exactOptional() })),
  absent: z.array(z.object({ kind: text, namespace: text.exactOptional(), name: text, uid: text.exactOptional() })),
  unseen: z.array(
    z.object({
      what: text,
      kind: text.exactOptional(),
      namespace: text.exactOptional(),
      reason: z.enum(['forbidden', 'absent', 'unavailable', 'failed', 'not-recorded']),
      detail: text,
    }),
  ),
  /** Logs of which older lines were left out, as `namespace/pod/container` with `.previous` behind it. */
  truncatedLogs: z.array(text),
});

/** What a recording of aiops says about itself. */
export interface Manifest {
  readonly apiVersion: typeof RECORDING_VERSION;
  readonly kind: 'Recording';
  /** ISO 8601. */
  readonly recordedAt: string;
  readonly identity: Omit<ClusterIdentity, 'recorded'>;
  readonly complete: readonly { readonly kind: Kind; readonly namespace?: string }[];
  readonly absent: readonly ObjectRef[];
  readonly unseen: readonly Unseen[];
  readonly truncatedLogs: readonly string[];
}

/** The manifest, or what is wrong with it. */
export function parseManifest(value: unknown): Manifest | string {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { apiVersion } = (value ?? {}) as { apiVersion?: unknown };
  if (typeof apiVersion === 'string' && apiVersion !== RECORDING_VERSION)
    return `it is of version ${apiVersion}, this aiops reads ${RECORDING_VERSION}`;
  const [issue] = parsed.error.issues;
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'it is not valid';
}
