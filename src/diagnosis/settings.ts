/** What a person may tune; every rule takes these, none has a threshold of its own that a person would want to change. */
export interface Settings {
  /** Container memory above this share of its limit is a warning, in percent. */
  readonly memoryThresholdPct: number;
  /** Node usage at or above this is a warning, in percent. */
  readonly nodeThresholdPct: number;
  /** Certificates that end sooner are reported, in days. */
  readonly certificateWarnDays: number;
  /** Workloads that are known to start slowly. */
  readonly startupGrace: readonly {
    readonly namespace?: string;
    readonly workload: string;
    readonly seconds: number;
  }[];
  /** Also report objects that nothing uses. */
  readonly unused: boolean;
}

export const defaultSettings: Settings = {
  memoryThresholdPct: 80,
  nodeThresholdPct: 80,
  certificateWarnDays: 21,
  startupGrace: [],
  unused: false,
};

/** Waiting times before a state counts, in ms. Source: how long the controllers and kubelets themselves may take. */
export const grace = {
  pending: 30_000,
  creating: 120_000,
  notReady: 30_000,
  address: 300_000,
  deletion: 300_000,
  newNode: 180_000,
  newObject: 60_000,
} as const;
