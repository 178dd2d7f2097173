import { invalidInput } from '../validation/refuse.js';

/** How many nodes the compute driver has room for in all; null: nobody knows. */
export type Capacity = () => Promise<number | null>;

/**
 * A bay that fits nowhere would only fail much later. Whether there is room beside other bays, its machines will show.
 * @param nodes of the bay, in all its groups
 * @throws BaykeeperError `invalid-input`
 */
export async function checkRoom(capacity: Capacity, nodes: number): Promise<void> {
  const room = await capacity();
  if (room === null || nodes <= room) return;
  throw invalidInput(
    `This installation has room for ${String(room)} nodes in all, and ${String(nodes)} are wanted: ask for fewer.`,
  );
}
