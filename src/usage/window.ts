import type { UsageSeries, UsageWindow } from '../domain/index.ts';

/** The moments at which usage is read: whole steps since the epoch, so that two runs in one step see the same points. */
export interface Grid {
  /** Time of point 0, ms since the epoch. */
  readonly startMs: number;
  readonly stepSeconds: number;
  readonly points: number;
}

/** What is asked of a source. */
export interface WindowRequest {
  readonly windowSeconds: number;
  readonly stepSeconds: number;
}

export const DEFAULT_WINDOW: WindowRequest = { windowSeconds: 7 * 86_400, stepSeconds: 300 };

/** Short-lived workloads are read in finer steps: a job of three minutes would hardly be seen otherwise. */
export const JOB_STEP_SECONDS = 60;

/**
 * The window that ends at the last whole step before `nowMs`. It is evaluated a second after that step: Prometheus 2
 * counts a window's left end in, Prometheus 3 does not, and so both see the same points.
 */
export function windowAt(nowMs: number, request: WindowRequest): UsageWindow {
  const stepMs = request.stepSeconds * 1000;
  const endMs = Math.floor(nowMs / stepMs) * stepMs + 1000;
  return { startMs: endMs - request.windowSeconds * 1000, endMs, stepSeconds: request.stepSeconds };
}

/** The points of a window at a step of its own. */
export function gridOf(window: UsageWindow, stepSeconds = window.stepSeconds): Grid {
  const stepMs = stepSeconds * 1000;
  const last = Math.floor((window.endMs - 1000) / stepMs) * stepMs;
  const points = Math.max(1, Math.floor((window.endMs - window.startMs) / stepMs));
  return { startMs: last - (points - 1) * stepMs, stepSeconds, points };
}

/** The first 5/7 of the window and the rest, in whole steps: what the backtest trains on and tests with. */
export function parts(windowSeconds: number, stepSeconds: number): { readonly train: number; readonly test: number } {
  const train = Math.round((windowSeconds * 5) / 7 / stepSeconds) * stepSeconds;
  return { train, test: windowSeconds - train };
}

/** Readings of one container while they are filled: no longer than from its first to its last one, since most pods are short-lived. */
export class Points {
  cpu = new Float64Array(0);
  memory = new Float64Array(0);
  cpuCount = 0;
  memoryCount = 0;
  /** The grid's point at which the arrays begin. */
  private base = 0;

  constructor(readonly grid: Grid) {}

  /** True when there is no reading of either kind. */
  get isEmpty(): boolean {
    return this.cpuCount + this.memoryCount === 0;
  }

  /** Time of the first point, ms since the epoch. */
  get startMs(): number {
    return this.grid.startMs + this.base * this.grid.stepSeconds * 1000;
  }

  /** Makes room for the points from `first` to `last`. */
  reserve(first: number, last: number): void {
    const length = this.cpu.length;
    if (length > 0 && first >= this.base && last < this.base + length) return;
    const base = length === 0 ? first : Math.min(first, this.base);
    const end = length === 0 ? last : Math.max(last, this.base + length - 1);
    const moved = (old: Float64Array) => {
      const larger = new Float64Array(end - base + 1).fill(NaN);
      if (length > 0) larger.set(old, this.base - base);
      return larger;
    };
    [this.cpu, this.memory, this.base] = [moved(this.cpu), moved(this.memory), base];
  }

  /** The higher of two readings of one moment counts: the same container scraped twice. The point must be reserved. */
  set(unit: 'cpu' | 'memory', index: number, value: number): void {
    const array = this[unit];
    const before = array[index - this.base];
    if (before === undefined) return;
    if (Number.isNaN(before)) {
      if (unit === 'cpu') this.cpuCount++;
      else this.memoryCount++;
    } else if (before >= value) return;
    array[index - this.base] = value;
  }

  /** The last reading of a step, in place of an earlier one. Makes room up to the grid's end: `trim` gives it back. */
  put(index: number, cpu: number, memory: number): void {
    this.reserve(index, this.grid.points - 1);
    const at = index - this.base;
    if (!Number.isNaN(cpu)) {
      if (Number.isNaN(this.cpu[at])) this.cpuCount++;
      this.cpu[at] = cpu;
    }
    if (!Number.isNaN(memory)) {
      if (Number.isNaN(this.memory[at])) this.memoryCount++;
      this.memory[at] = memory;
    }
  }

  /** Leaves only what lies between the first reading and the last. */
  trim(): this {
    const isGap = (i: number) => Number.isNaN(this.cpu[i]) && Number.isNaN(this.memory[i]);
    let from = 0;
    let to = this.cpu.length;
    while (from < to && isGap(from)) from++;
    while (to > from && isGap(to - 1)) to--;
    if (to - from < this.cpu.length) {
      [this.cpu, this.memory] = [this.cpu.slice(from, to), this.memory.slice(from, to)];
      this.base += from;
    }
    return this;
  }
}

/** The arrays as a series holds them. */
export function seriesPoints({
  startMs,
  grid,
  cpu,
  memory,
}: Points): Pick<UsageSeries, 'startMs' | 'stepSeconds' | 'cpu' | 'memory'> {
  return { startMs, stepSeconds: grid.stepSeconds, cpu, memory };
}
