export { addressesIn, type LogAddress } from './addresses.ts';
export { isFailureLine } from './lines.ts';
export { matchLog, type LogMatch } from './match.ts';
export type { LogPattern } from './pattern.ts';
export { patterns } from './patterns/index.ts';
export { causeIn, failingLogs, quoted, seenCauses, type FailingLog, type SeenCause } from './seen.ts';
export { asWritten, logServices, serviceOf, type ServiceTarget } from './services.ts';
