export type { Resource } from './numbers/index.ts';
