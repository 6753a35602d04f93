export * from './certificates.ts';
export * from './open.ts';
export * from './owners.ts';
export * from './read.ts';
export * from './read-pod.ts';
export * from './source.ts';
export * from './view.ts';
export * from './ingest.ts';
