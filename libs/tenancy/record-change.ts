import { BaykeeperError, type ProjectId } from '@baykeeper/domain';
import type { Stores } from '@baykeeper/storage';
import { ADMIN_PROJECT, type Actor } from './principal.js';

export interface Change {
  /** An access rule's name. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name?: string };
  /** The project whose admin may read about it; that of the actor unless told. */
  readonly projectId?: ProjectId;
  /** A sentence without secrets. */
  readonly detail?: string;
}

/** Writes who did it beside the change itself: pass the stores of the transaction that makes the change. */
export async function recordChange({ audit }: Pick<Stores, 'audit'>, actor: Actor, change: Change): Promise<void> {
  const { userId, userName, requestId, address } = actor;
  const { action, target, detail } = change;
  await audit.append({
    projectId: change.projectId ?? actor.projectId,
    ...{ userId, userName, requestId, address, action },
    ...{ outcome: 'success', targetKind: target.kind, targetId: target.id, targetName: target.name ?? null },
    detail: detail ?? null,
  });
}

/**
 * Makes a change that could leave the installation without anybody who runs it; if it would, nothing is changed. Changes
 * of that kind wait for each other, so that two administrators can't remove each other at once.
 * @param stores of a transaction
 * @throws BaykeeperError `forbidden`; what `change` throws
 */
export async function keepAdministrator<T>(stores: Stores, change: () => Promise<T>): Promise<T> {
  const project = await stores.projects.findByName(ADMIN_PROJECT);
  if (!project) return change();
  await stores.projects.lock(project.id);
  const before = await stores.roleAssignments.listHolders(project.id, 'admin');
  const result = await change();
  const after = await stores.roleAssignments.listHolders(project.id, 'admin');
  if (before.length > 0 && after.length === 0) throw lastAdministrator();
  return result;
}

export function lastAdministrator(): BaykeeperError {
  return new BaykeeperError({
    code: 'forbidden',
    publicMessage: 'This is the last administrator of the installation: make another one first.',
  });
}
