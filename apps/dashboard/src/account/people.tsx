import { call } from '../api/client.js';
import { useDeed } from '../api/use-deed.js';
import { useLive } from '../api/use-live.js';
import { ChoiceField, Refusal, Sheet, Table, TextField } from '../parts/fields.js';
import { useSession } from '../session/session-context.js';

interface Named {
  readonly id: string;
  readonly name?: string;
}
interface Assignment {
  readonly role: Named;
  readonly user: Named;
}

/** Who may do what in the project, for its administrators. */
export function People() {
  const { project, user: self } = useSession();
  const scope = encodeURIComponent(project.id);
  const assignments = useLive<{ readonly role_assignments: readonly Assignment[] }>(
    `/identity/v3/role_assignments?include_names=true&scope.project.id=${scope}`,
  );
  const roles = useLive<{ readonly roles: readonly Named[] }>('/identity/v3/roles', () => 3_600_000);
  const deed = useDeed();
  const taking = useDeed();
  const known = assignments.data?.role_assignments ?? [];
  const at = (user: string, role: string): string =>
    `/identity/v3/projects/${scope}/users/${encodeURIComponent(user)}/roles/${encodeURIComponent(role)}`;
  return (
    <>
      <h1>People of {project.name}</h1>
      <p>
        A reader sees, a member changes, an administrator lets people in and reads the audit; each can do what those
        before it can.
      </p>
      <Refusal text={assignments.error ?? taking.refusal} />
      <Table title="Who has which role" heads={['User', 'Role', '']}>
        {known.map(({ user, role }) => (
          <tr key={`${user.id} ${role.id}`}>
            <th scope="row">{user.name ?? user.id}</th>
            <td>{role.name ?? role.id}</td>
            <td>
              <button
                aria-label={`Take back ${role.name ?? role.id} from ${user.name ?? user.id}`}
                title={user.id === self.id ? 'This is you: without it you may be locked out.' : undefined}
                onClick={() => {
                  taking.run(async () => {
                    await call('DELETE', at(user.id, role.id));
                    assignments.refresh();
                  });
                }}
              >
                Take back
              </button>
            </td>
          </tr>
        ))}
      </Table>
      <Sheet
        title="Let somebody in"
        action="Give the role"
        off={null}
        deed={deed}
        onSubmit={(text, form) => {
          deed.run(async () => {
            await call('PUT', at(await idOf(text('user')), text('role')));
            form.reset();
            assignments.refresh();
          });
        }}
      >
        <TextField name="user" label="User" hint="name or id" required />
        <ChoiceField
          name="role"
          label="Role"
          choices={(roles.data?.roles ?? []).map(({ id, name }) => [id, name ?? id] as const)}
        />
      </Sheet>
    </>
  );
}

/** A name where the administrator may see it; else it is taken for an id. */
async function idOf(nameOrId: string): Promise<string> {
  const path = `/identity/v3/users?name=${encodeURIComponent(nameOrId)}`;
  const { users } = await call<{ readonly users: readonly Named[] }>('GET', path);
  return users[0]?.id ?? nameOrId;
}
