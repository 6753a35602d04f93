/** What the exit code says, for every command. */
export const exitCode = {
  /** Done; nothing at or above --fail-on. */
  ok: 0,
  /** Findings at or above --fail-on; a doctor that found something missing. */
  findings: 1,
  /** Could not tell: wrong usage, an unreachable cluster, an incomplete run without findings. */
  error: 2,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
