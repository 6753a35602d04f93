export * from './coverage.ts';
export * from './engine.ts';
export * from './investigate.ts';
export type { Affected, FoldedFinding } from './fold.ts';
export * from './rule.ts';
export { rules } from './rules/index.ts';
export * from './settings.ts';
export * from './unsettled.ts';
export * from './wanted-logs.ts';
