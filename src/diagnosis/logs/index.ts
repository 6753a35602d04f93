export { addressesIn, type LogAddress } from './addresses.ts';
export { matchLog, recogniseText, type LogMatch } from './match.ts';
export type { LogPattern } from './pattern.ts';
export { patterns } from './patterns/index.ts';
export { logServices, serviceOf, type ServiceTarget } from './services.ts';
