import { BaykeeperError, type Bay } from '@baykeeper/domain';

/**
 * A bay always has node groups: where none were found it went between the two questions.
 * @throws BaykeeperError `not-found`
 */
export function refuseGone({ id }: Pick<Bay, 'id'>, groups: readonly unknown[]): void {
  if (groups.length > 0) return;
  throw new BaykeeperError({
    code: 'not-found',
    publicMessage: `Cluster ${id} could not be found: it is gone by now.`,
  });
}
