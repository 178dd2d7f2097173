import { BaykeeperError } from '@baykeeper/domain';

/** Longer than any driver needs that is well; building an image is the slowest thing one does. */
const PATIENCE_MS = 15 * 60_000;

/**
 * A driver that never answers must not hold its bay for ever. The call itself can't be ended: the next pass may repeat it
 * while it still hangs, which every driver takes.
 * @throws BaykeeperError `timeout`
 */
export async function withPatience<T>(work: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new BaykeeperError({
          code: 'timeout',
          publicMessage: `The provider did not answer for ${String(Math.round(patienceMs / 1_000))} seconds. It is tried again.`,
        }),
      );
    }, patienceMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
