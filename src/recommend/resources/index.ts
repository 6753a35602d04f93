export * from './recommend.ts';
export * from './totals.ts';
