export * from './claims.ts';
export * from './demand.ts';
export * from './fit.ts';
export * from './message.ts';
export * from './pending.ts';
export * from './room.ts';
