/** Milliseconds since the epoch of a Kubernetes time stamp; undefined when absent or unreadable, never "now". */
export function parseTime(text: string | undefined | null): number | undefined {
  if (text === undefined || text === null) return undefined;
  const ms = Date.parse(text);
  // 1970 and 0001 are how the API writes "never".
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}

/** `90_000` → `90s`, `3_700_000` → `61m`, as kubectl prints ages. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h`;
  return `${Math.floor(hours / 24)}d`;
}

/** `30s`, `5m`, `2h`, `1d12h` → milliseconds; undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    total += Number(amount) * unit[name as keyof typeof unit];
  return total;
}
