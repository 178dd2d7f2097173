/** Users of other projects, written where the server keeps them. */
import { openDatabase } from '@baykeeper/storage';
import { openIdentity } from '@baykeeper/tenancy';
import { join } from 'node:path';
import type { Login } from './openstack-client.js';
import type { RunningServer } from './running-server.js';

/** Makes a user with one role in a project of its own, unless the project is there already. */
export async function makeUsers(
  server: RunningServer,
  users: readonly (Login & { readonly role: string })[],
): Promise<void> {
  const sockets = encodeURIComponent(join(server.dataDirectory, 'postgresql', 'run'));
  const database = await openDatabase({ url: `postgres:///baykeeper?host=${sockets}&user=baykeeper`, poolSize: 1 });
  try {
    const identity = openIdentity({ database });
    const projects = new Map<string, Awaited<ReturnType<typeof identity.createProject>>>();
    for (const { user: name, project: projectName, password, role } of users) {
      const project = projects.get(projectName) ?? (await identity.createProject({ name: projectName }));
      projects.set(projectName, project);
      const { id: userId } = await identity.createUser({ name, password, defaultProjectId: project.id });
      await identity.assignRole({ userId, projectId: project.id, role });
    }
  } finally {
    await database.close();
  }
}
