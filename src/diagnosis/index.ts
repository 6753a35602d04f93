export * from './rule.ts';
export * from './settings.ts';
