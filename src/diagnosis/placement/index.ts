export { roomOf, type NodeRoom, type Room } from '../../cluster/index.ts';
export {
  amounts,
  blockingTaints,
  CONTROL_PLANE_TAINTS,
  CORDON_TAINT,
  demandText,
  meets,
  meetsAll,
  nodeDemand,
  podDemand,
  taintText,
  termsOf,
  tolerates,
  type Amounts,
  type LabelDemand,
  type NodeDemand,
} from '../../domain/index.ts';
export * from './claims.ts';
export * from './message.ts';
export * from './pending.ts';
export * from './room.ts';
