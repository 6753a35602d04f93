import type { CatalogueId } from '../../domain/index.ts';

/**
 * One way in which programs word a cause. The expression starts with literal text and bounds every repetition, so that
 * hostile lines cost no more than others; what it captures by name (host, port, path, name, user, detail …) is what
 * the findings speak of.
 */
export interface LogPattern {
  readonly id: string;
  /** The catalogue entry that the line leads to. */
  readonly rule: CatalogueId;
  readonly find: RegExp;
  /** Lines that use the same words for something else. */
  readonly unless?: RegExp;
  /** Words that mean something only next to an address. */
  readonly needsAddress?: boolean;
  /** Words that mean something only above the frames of a stack. */
  readonly needsFrames?: boolean;
}

type Entry = RegExp | Omit<LogPattern, 'id' | 'rule'>;

/** The wordings of one cause, by id. */
export function wordings(rule: CatalogueId, entries: Readonly<Record<string, Entry>>): readonly LogPattern[] {
  return Object.entries(entries).map(([id, entry]) =>
    entry instanceof RegExp ? { id, rule, find: entry } : { id, rule, ...entry },
  );
}
