export type { Amount, Prices, Resource, Risk } from './numbers/index.ts';
export { amountOf, amountText, defaultPrices } from './numbers/index.ts';
export type { VerticalPodAutoscaler, VpaRead } from './facts/index.ts';
export * from './resources/index.ts';
export * from './types.ts';
export * from './scaling/index.ts';
