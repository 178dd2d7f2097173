import { BaykeeperError, isUuid, type ProjectId } from '@baykeeper/domain';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { SYSTEM, type Scope } from '../scope.js';

/** For statements written by hand: null stands for every project. */
export function projectOf(scope: Scope): ProjectId | null {
  return scope === SYSTEM ? null : scope.projectId;
}

/** Leaves only rows of the scope's project. */
export function restrictToScope<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  scope: Scope,
): SelectQueryBuilder<Entity> {
  if (scope === SYSTEM) return query;
  return query.andWhere(`${query.alias}.projectId = :scopeProjectId`, { scopeProjectId: scope.projectId });
}

/** @throws BaykeeperError `forbidden` when a new row would belong to another project than the caller's. */
export function checkInsideScope(scope: Scope, row: { readonly projectId: ProjectId }): void {
  if (scope === SYSTEM || scope.projectId === row.projectId) return;
  throw new BaykeeperError({ code: 'forbidden', publicMessage: 'You can make this in your own project only.' });
}

export function notFound(what: string, ident: string): BaykeeperError {
  return new BaykeeperError({ code: 'not-found', publicMessage: `${what} ${ident} could not be found.` });
}

/** What Magnum takes for a uuid: 32 hex digits with dashes anywhere, also in braces or after `urn:uuid:`. */
function looksLikeUuid(ident: string): boolean {
  const digits = ident
    .toLowerCase()
    .replace(/urn:|uuid:/g, '')
    .replace(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '');
  return /^[0-9a-f]{32}$/.test(digits);
}

/** The column in which an ident is looked up. @throws BaykeeperError `not-found` for what nothing can be called */
export function identKind(what: string, ident: string): 'id' | 'name' {
  const byUuid = looksLikeUuid(ident);
  // PostgreSQL's text holds no NUL, so nothing has such a name.
  if ((byUuid && !isUuid(ident)) || ident.includes('\0')) throw notFound(what, printable(ident));
  return byUuid ? 'id' : 'name';
}

export function ambiguous(ident: string): BaykeeperError {
  return new BaykeeperError({
    code: 'conflict',
    publicMessage: `Several have the name ${printable(ident)}. Use the uuid instead.`,
  });
}

/**
 * Magnum's rule for `{ident}`: what looks like a uuid is looked up by uuid and must match exactly (an upper-case one is
 * not found), everything else by name.
 * @throws BaykeeperError `not-found`; `conflict` when several visible rows have the name
 */
export async function findByIdent<Entity extends ObjectLiteral>(
  query: SelectQueryBuilder<Entity>,
  what: string,
  ident: string,
): Promise<Entity> {
  const rows = await query
    .andWhere(`${query.alias}.${identKind(what, ident)} = :ident`, { ident })
    .limit(2)
    .getMany();
  if (rows.length > 1) throw ambiguous(ident);
  const [row] = rows;
  if (!row) throw notFound(what, printable(ident));
  return row;
}

/** Any text may come as an ident; an error shows a harmless, short form of it. */
export function printable(ident: string): string {
  return ident.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 255);
}
