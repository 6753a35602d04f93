import { count } from '../../domain/index.ts';
import type { Target, UsageScope } from '../scope.ts';
import { halves } from './batches.ts';
import { isNoAnswer, type PrometheusClient } from './client.ts';
import type { AnswerParser, Head } from './parser.ts';
import { selector, type Asked, type LabelMatcher } from './queries.ts';

/** One kind of question. */
export interface Question {
  readonly name: string;
  readonly path: 'query' | 'query_range';
  readonly form: (sel: string) => Readonly<Record<string, string>>;
  readonly parser: () => AnswerParser;
  readonly failed: (asked: Asked, why: string) => void;
}

/** A question about some of the targets of its kind. */
export interface Task {
  readonly question: Question;
  readonly asked: Asked;
  readonly all: readonly Target[];
}

const CONCURRENCY = 2;
/** After so many failures in a row the server is left alone. */
const PATIENCE = 8;

/** Asks questions, two at a time; what is too much is asked in halves, down to one workload. */
export class Worker {
  /** Why no further question will be answered. */
  given: string | undefined;
  isPartial = false;
  /** Readings that are no sample. */
  rejected = 0;
  readonly doubts = new Set<string>();
  private failuresInARow = 0;

  constructor(
    private readonly client: PrometheusClient,
    private readonly scope: UsageScope,
    private readonly labels: readonly LabelMatcher[],
  ) {}

  async work(tasks: readonly Task[]): Promise<void> {
    const queue = [...tasks];
    const next = async (): Promise<void> => {
      for (let task = queue.shift(); task; task = queue.shift()) queue.unshift(...(await this.answer(task)));
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, next));
  }

  /** What is to be asked instead. */
  private async answer({ question, asked, all }: Task): Promise<readonly Task[]> {
    if (this.given !== undefined) {
      question.failed(asked, this.given);
      return [];
    }
    const containers = asked.targets.reduce((sum, t) => sum + t.containers, 0);
    const name = `${question.name}, ${count(containers, 'container')}`;
    const form = question.form(selector(asked, this.labels));
    const head = await this.client.ask(name, question.path, form, question.parser);
    if (!isNoAnswer(head)) {
      this.failuresInARow = 0;
      this.note(head, question.path);
      return [];
    }
    this.failuresInARow++;
    if (head.final || this.failuresInARow >= PATIENCE) this.given = head.why;
    const smaller = head.tooMuch && this.given === undefined ? halves(this.scope, all, asked) : undefined;
    if (smaller) return smaller.map((half) => ({ question, asked: half, all }));
    question.failed(asked, head.why);
    return [];
  }

  private note(head: Head, path: Question['path']): void {
    // Of an instant question NaN is an answer: nothing divided by nothing.
    if (path === 'query_range') this.rejected += head.rejected;
    // Notes about the query itself say nothing about missing series.
    const doubts = head.warnings.filter((w) => !w.startsWith('PromQL info'));
    this.isPartial ||= doubts.length > 0;
    for (const doubt of doubts) this.doubts.add(`the answer may lack series: ${doubt}`);
  }
}
