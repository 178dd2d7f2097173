import { call } from '../api/client.js';
import type { QuotaResource } from '../api/types.js';
import { useDeed } from '../api/use-deed.js';
import { useLive } from '../api/use-live.js';
import { ChoiceField, Refusal, Sheet, Table, TextField } from '../parts/fields.js';
import { resourceWord, RESOURCES } from '../parts/words.js';

interface Quota {
  readonly project_id: string;
  readonly resource: QuotaResource;
  readonly hard_limit: number;
}

interface Project {
  readonly id: string;
  readonly name: string;
}

/** The largest that the API takes. */
const MOST = 1_000_000_000;

/**
 * What projects may have that is not the default.
 * @param projects null where another identity service keeps them: then they are known by their ids only
 */
export function QuotaSection({ projects }: { readonly projects: readonly Project[] | null }) {
  const { data, error, refresh } = useLive<{ readonly quotas: readonly Quota[] }>('/v1/quotas?all_tenants=true');
  const [setting, removing] = [useDeed(), useDeed()];
  const known = data?.quotas ?? [];
  const nameOf = (id: string): string => projects?.find((project) => project.id === id)?.name ?? id;
  const at = (project: string, resource: string): string => `/v1/quotas/${encodeURIComponent(project)}/${resource}`;
  return (
    <section aria-labelledby="quotas-title">
      <h2 id="quotas-title">Quotas</h2>
      <p>Projects without a quota of their own have the installation’s default.</p>
      <Refusal text={error ?? removing.refusal} />
      <Table title="Quotas of projects" heads={['Project', 'Resource', 'At most', '']}>
        {known.map(({ project_id: project, resource, hard_limit: limit }) => (
          <tr key={`${project} ${resource}`}>
            <th scope="row">{nameOf(project)}</th>
            <td>{resourceWord(resource)}</td>
            <td>{limit}</td>
            <td>
              <button
                aria-label={`Back to the default: ${resourceWord(resource)} of ${nameOf(project)}`}
                onClick={() => {
                  removing.run(async () => {
                    await call('DELETE', at(project, resource));
                    refresh();
                  });
                }}
              >
                Back to the default
              </button>
            </td>
          </tr>
        ))}
      </Table>
      <Sheet
        title="Set a quota"
        action="Set the quota"
        off={null}
        deed={setting}
        onSubmit={(text, form) => {
          setting.run(async () => {
            const [project, resource, limit] = [text('project'), text('resource'), Number(text('limit'))];
            const isThere = known.some((quota) => quota.project_id === project && quota.resource === resource);
            const body = { project_id: project, resource, hard_limit: limit };
            await (isThere ? call('PATCH', at(project, resource), body) : call('POST', '/v1/quotas', body));
            form.reset();
            refresh();
          });
        }}
      >
        {projects === null ? (
          <TextField name="project" label="Project" hint="its id" required />
        ) : (
          <ChoiceField name="project" label="Project" choices={projects.map(({ id, name }) => [id, name])} />
        )}
        <ChoiceField
          name="resource"
          label="Resource"
          choices={RESOURCES.map((resource) => [resource, resourceWord(resource)])}
        />
        <TextField name="limit" label="At most" type="number" required most={MOST} />
      </Sheet>
    </section>
  );
}
