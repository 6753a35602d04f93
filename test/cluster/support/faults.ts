import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fault to provoke and what must be said about it. */
export interface Fault {
  /** `image/not-found`-like path of its manifest. */
  readonly name: string;
  readonly namespace: string;
  readonly manifest: string;
  /** What must be found: rule and folded object. */
  readonly expected: readonly { readonly rule: string; readonly subject: string }[];
  /** Distinctive words of the first title. */
  readonly title: string | undefined;
  /** Rules that must not be a root here. */
  readonly absent: readonly string[];
  readonly waitSeconds: number;
  /** The fault is not in its namespace: the whole cluster is asked (`# scope: cluster`). */
  readonly isClusterWide: boolean;
}

const folder = join(import.meta.dirname, '..', 'faults');

/** Every manifest below `faults/`; its leading comments say what to expect. */
export function loadFaults(): readonly Fault[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const manifest = readFileSync(join(folder, file), 'utf8');
      const name = file.replace(/\.yaml$/, '');
      const comments = (key: string) =>
        [...manifest.matchAll(new RegExp(`^# ${key}: *(.+)$`, 'gm'))].map((m) => (m[1] ?? '').trim());
      return {
        name,
        namespace: `f-${name.replace(/[^a-z0-9]+/g, '-')}`.slice(0, 60),
        manifest,
        expected: comments('expect').map((line) => {
          const [rule = '', subject = ''] = line.split(/\s+/);
          return { rule, subject };
        }),
        title: comments('title')[0],
        absent: comments('absent'),
        waitSeconds: Number.parseInt(comments('wait')[0] ?? '60', 10),
        isClusterWide: comments('scope')[0] === 'cluster',
      };
    });
}
