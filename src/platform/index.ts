export * from './http.ts';
export * from './front-matter.ts';
