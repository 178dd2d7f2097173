import type { Usage } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { QuotaBars } from '../parts/pieces.js';
import { useSession } from '../session/session-context.js';

export function QuotaPage() {
  const { project } = useSession();
  const { data, error } = useLive<{ readonly resources: readonly Usage[] }>('/v1/usage');
  return (
    <>
      <h1>Quota of {project.name}</h1>
      {error !== null && <p className="refusal">{error}</p>}
      {data !== null && <QuotaBars usage={data.resources} />}
      <p className="small">
        What is above a quota stays and does not grow. An administrator of the installation sets quotas.
      </p>
    </>
  );
}
