import { call } from '../api/client.js';
import { useDeed } from '../api/use-deed.js';
import { useLive } from '../api/use-live.js';
import { QuotaSection } from './quotas.js';
import { Refusal, Sheet, Table, TextField } from '../parts/fields.js';

interface Account {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
}

/** The installation's projects and users. Who may do what in a project stands on that project's page of people. */
export function Accounts() {
  const projects = useLive<{ readonly projects: readonly Account[] }>('/identity/v3/projects');
  const users = useLive<{ readonly users: readonly Account[] }>('/identity/v3/users');
  const [makeProject, makeUser] = [useDeed(), useDeed()];
  return (
    <>
      <section aria-labelledby="projects-title">
        <h2 id="projects-title">Projects</h2>
        <List kind="project" all={projects.data?.projects ?? []} onDone={projects.refresh} />
        <Sheet
          title="Another project"
          action="Make the project"
          off={null}
          deed={makeProject}
          onSubmit={(text, form) => {
            makeProject.run(async () => {
              const description = text('description');
              await call('POST', '/identity/v3/projects', {
                project: { name: text('name'), ...(description !== '' && { description }) },
              });
              form.reset();
              projects.refresh();
            });
          }}
        >
          <TextField name="name" label="Name of the project" required most={64} />
          <TextField name="description" label="What it is for" />
        </Sheet>
      </section>
      <QuotaSection projects={projects.data?.projects ?? []} />
      <section aria-labelledby="users-title">
        <h2 id="users-title">Users</h2>
        <List kind="user" all={users.data?.users ?? []} onDone={users.refresh} />
        <Sheet
          title="Another user"
          action="Make the user"
          off={null}
          deed={makeUser}
          onSubmit={(text, form) => {
            makeUser.run(async () => {
              await call('POST', '/identity/v3/users', { user: { name: text('name'), password: text('password') } });
              form.reset();
              users.refresh();
            });
          }}
        >
          <TextField name="name" label="Name of the user" required />
          <TextField name="password" label="Password" type="password" required most={1024} />
        </Sheet>
      </section>
    </>
  );
}

function List({
  kind,
  all,
  onDone,
}: {
  readonly kind: 'project' | 'user';
  readonly all: readonly Account[];
  readonly onDone: () => void;
}) {
  const deed = useDeed();
  return (
    <>
      <Refusal text={deed.refusal} />
      <Table title={`Table of ${kind}s`} heads={['Name', 'Id', 'State', '']}>
        {all.map(({ id, name, enabled }) => (
          <tr key={id}>
            <th scope="row">{name}</th>
            <td>
              <code>{id}</code>
            </td>
            <td>{enabled ? 'on' : 'off'}</td>
            <td>
              <button
                aria-label={`${enabled ? 'Switch off' : 'Switch on'} ${kind} ${name}`}
                onClick={() => {
                  deed.run(async () => {
                    const body = { [kind]: { enabled: !enabled } };
                    await call('PATCH', `/identity/v3/${kind}s/${encodeURIComponent(id)}`, body);
                    onDone();
                  });
                }}
              >
                {enabled ? 'Switch off' : 'Switch on'}
              </button>
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
