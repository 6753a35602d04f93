export * from './recommend.ts';
export * from './types.ts';
