import { kindFromWord, kindInfo, kinds, nearest, type Kind } from '../domain/index.ts';
import { UsageError } from './errors.ts';

/** What the words after a command name: one object, all of a kind, the namespace at hand, or the cluster. */
export type Subject =
  | { readonly kind: 'everything' }
  | { readonly kind: 'cluster' }
  | { readonly kind: Kind; readonly name?: string; readonly isClusterScoped: boolean };

/** `pod web-1`, `pod/web-1`, `pods`, `cluster`, nothing. */
export function parseSubject(words: readonly string[]): Subject {
  const [first, second, ...rest] = words;
  if (first === undefined) return { kind: 'everything' };
  const [word = '', name = second, ...more] = first.includes('/')
    ? [...first.split('/'), ...words.slice(1)]
    : [first, second, ...rest];
  if (more.some((w) => w !== undefined))
    throw new UsageError(`one object at a time: "${words.join(' ')}"`, 'for several, use -l with a label selector');
  if (word === 'cluster' && name === undefined) return { kind: 'cluster' };
  const kind = kindFromWord(word);
  if (!kind) throw unknownKind(word, words.length);
  return { kind, ...(name !== undefined && { name }), isClusterScoped: !kindInfo(kind).namespaced };
}

function unknownKind(word: string, words: number): UsageError {
  const near = nearest(word.toLowerCase(), [...kinds.flatMap((k) => [...k.aliases, k.resource]), 'cluster']);
  if (near !== undefined) return new UsageError(`"${word}" is not a kind`, `did you mean ${near}?`);
  return new UsageError(
    `"${word}" is not a kind`,
    words === 1
      ? `for a pod of that name: diagnose pod ${word}`
      : 'try pod, deployment, service, node, namespace or cluster',
  );
}
