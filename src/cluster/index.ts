export * from './owners.ts';
export * from './source.ts';
export * from './view.ts';
