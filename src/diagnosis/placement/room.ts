import type { NodeRoom } from '../../cluster/index.ts';

export function allocatable(room: NodeRoom, resource: string): bigint {
  return room.allocatable.get(resource) ?? 0n;
}

export function requested(room: NodeRoom, resource: string): bigint {
  return room.requested.get(resource) ?? 0n;
}

/** Never below zero: a node may have shrunk under its pods. */
export function free(room: NodeRoom, resource: string): bigint {
  const rest = allocatable(room, resource) - requested(room, resource);
  return rest > 0n ? rest : 0n;
}

/** The node with most of something; by name where equal. */
export function largest(
  nodes: readonly NodeRoom[],
  amountOf: (room: NodeRoom) => bigint,
): { readonly room: NodeRoom; readonly amount: bigint } | undefined {
  let best: { room: NodeRoom; amount: bigint } | undefined;
  for (const room of nodes) {
    const amount = amountOf(room);
    if (!best || amount > best.amount) best = { room, amount };
  }
  return best;
}
