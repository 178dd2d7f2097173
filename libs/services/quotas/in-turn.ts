/**
 * Requests of a project that are counted one after the other wait here, and not with a connection of the pool each: a
 * tenant with many requests at once would have all of them, and everybody else would wait for what is counted of him.
 */
import type { ProjectId } from '@baykeeper/domain';
import type { Database } from '@baykeeper/storage';

/** By database, the end of the last one's turn; only of projects with a request under way. */
const lines = new WeakMap<Pick<Database, 'stores'>, Map<ProjectId, Promise<void>>>();

/** Does the work after that of the same project in this process; other processes' turns are taken in the database. */
export async function inTurn<T>(
  database: Pick<Database, 'stores'>,
  projectId: ProjectId,
  work: () => Promise<T>,
): Promise<T> {
  const line = lines.get(database) ?? new Map<ProjectId, Promise<void>>();
  lines.set(database, line);
  const before = line.get(projectId);
  const result = before === undefined ? work() : before.then(work);
  const end = result.then(
    () => undefined,
    () => undefined,
  );
  line.set(projectId, end);
  try {
    return await result;
  } finally {
    if (line.get(projectId) === end) line.delete(projectId);
  }
}
