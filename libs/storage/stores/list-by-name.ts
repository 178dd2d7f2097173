import { BaykeeperError } from '@baykeeper/domain';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import type { NamePage } from '../contracts/identity.js';

/** PostgreSQL's text holds no NUL, so nothing has such a name. */
export function isStorableName(name: string): boolean {
  return !name.includes('\0');
}

/**
 * A page of rows that have an id and a name, by name.
 * @param name the only one that is wanted, if it is given
 * @throws BaykeeperError `not-found` for a marker that is not among the rows
 */
export async function listByName<Entity extends ObjectLiteral & { readonly name: string }>(
  visible: SelectQueryBuilder<Entity>,
  alias: string,
  name: string | undefined,
  { limit, marker }: NamePage,
): Promise<Entity[]> {
  if (name !== undefined) {
    if (!isStorableName(name)) return [];
    visible.andWhere(`${alias}.name = :wantedName`, { wantedName: name });
  }
  if (marker !== null) {
    const marked = isStorableName(marker)
      ? await visible.clone().andWhere(`${alias}.id = :marker`, { marker }).getOne()
      : null;
    if (marked === null) {
      throw new BaykeeperError({ code: 'not-found', publicMessage: 'The marker could not be found.' });
    }
    visible.andWhere(`${alias}.name > :markedName`, { markedName: marked.name });
  }
  return visible.orderBy(`${alias}.name`, 'ASC').limit(limit).getMany();
}
