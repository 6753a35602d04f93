/** What keeps a number from full trust, with the most that it may then have, in hundredths. */
export const CAPS = {
  'backtest-failed': 49,
  'backtest-not-tested': 79,
  oom: 79,
  throttled: 79,
  'near-limit': 79,
  pooled: 79,
  'partial-response': 79,
} as const;

export type Cap = keyof typeof CAPS;

/** A week: shorter windows cannot see a week's rhythm. */
const FULL_HOURS = 168;
const FULL_SAMPLES = 168;

/** Below this the word `low` is added and decreases are held, in hundredths. */
export const LOW = 50;

export interface ConfidenceInput {
  /** Of the deciding pod. */
  readonly samples: number;
  readonly coveredHours: number;
  readonly windowHours: number;
  readonly caps?: readonly Cap[];
}

export interface Confidence {
  /** 0 to 100. */
  readonly hundredths: number;
  /** The term that decided, for people: `history 24 of 168 h`. */
  readonly limitedBy: string;
}

/** min(1, samples ÷ 168, covered hours ÷ hours of the window, window ÷ 7 d), then the caps; rounded down to 2 digits. */
export function confidence({ samples, coveredHours, windowHours, caps = [] }: ConfidenceInput): Confidence {
  const terms: readonly (readonly [number, string])[] = [
    [share(windowHours, FULL_HOURS), `history ${hours(windowHours)} of ${FULL_HOURS} h`],
    [share(coveredHours, windowHours), `history ${hours(coveredHours)} of ${hours(windowHours)} h`],
    [share(samples, FULL_SAMPLES), `${samples} of ${FULL_SAMPLES} samples`],
    ...caps.map((cap) => [CAPS[cap], cap] as const),
  ];
  let decided: Confidence = { hundredths: 100, limitedBy: 'nothing' };
  for (const [hundredths, limitedBy] of terms) if (hundredths < decided.hundredths) decided = { hundredths, limitedBy };
  return decided;
}

function share(part: number, whole: number): number {
  return whole > 0 ? Math.floor((100 * part) / whole) : 0;
}

function hours(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** `0.98` */
export function confidenceText({ hundredths }: Pick<Confidence, 'hundredths'>): string {
  return (hundredths / 100).toFixed(2);
}
