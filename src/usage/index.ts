export * from './failure.ts';
export * from './scope.ts';
export { DEFAULT_WINDOW, type WindowRequest } from './window.ts';
export { labelMatcher, prometheusAccess, PROMETHEUS_ENV, type PrometheusAccess } from './prometheus/access.ts';
export { fetchPrometheus, type PrometheusOptions } from './prometheus/fetch.ts';
export type { QueryNote } from './prometheus/client.ts';
export type { LabelMatcher } from './prometheus/queries.ts';
