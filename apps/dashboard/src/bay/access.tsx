import { useState } from 'react';
import { ApiError, request } from '../api/client.js';
import type { Bay, Template } from '../api/types.js';
import { useLive } from '../api/use-live.js';
import { Action, CopyLine } from '../parts/pieces.js';
import { useReadOnlyReason, useSession } from '../session/session-context.js';

const NEVER = 3_600_000;
/** By engine: what the files of its credentials are called by, and what one asks a bay first. */
const CLIENTS: Readonly<Record<string, readonly [files: string, ask: string]>> = {
  swarm: ['docker', 'docker node ls'],
  'swarm-mode': ['docker', 'docker node ls'],
  kubernetes: ['kubectl', 'kubectl get nodes'],
  mesos: ['marathon', 'dcos node'],
  nomad: ['nomad', 'nomad node status'],
};

export function Access({ bay }: { readonly bay: Bay }) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isDone, setIsDone] = useState(false);
  const readOnly = useReadOnlyReason();
  const off =
    readOnly ?? (bay.api_address === null ? 'The bay has no address yet: wait until its first master is up.' : null);
  const { origin } = window.location;
  const { user, project } = useSession();
  const template = useLive<Template>(`/v1/clustertemplates/${bay.cluster_template_id}`, () => NEVER);
  const [files, ask] = CLIENTS[template.data?.coe ?? ''] ?? ['docker', 'docker node ls'];

  const download = (): void => {
    setRefusal(null);
    setIsDone(false);
    request('POST', `/v1/bays/${encodeURIComponent(bay.uuid)}/credentials`, {})
      .then(async (response) => {
        const link = document.createElement('a');
        link.href = URL.createObjectURL(await response.blob());
        link.download = `${bay.name}.zip`;
        link.click();
        setTimeout(() => {
          URL.revokeObjectURL(link.href);
        }, 60_000);
        setIsDone(true);
      })
      .catch((error: unknown) => {
        setRefusal(error instanceof ApiError ? error.message : String(error));
      });
  };

  return (
    <>
      <h2>With the zip</h2>
      <p>A fresh key and certificate for you, with files that set up each shell. The key is kept nowhere else.</p>
      <Action kind="primary" off={off} onClick={download}>
        Download credentials
      </Action>
      <p role="status">{isDone && `${bay.name}.zip is in your downloads.`}</p>
      {refusal !== null && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
      <h3>bash, zsh</h3>
      <CopyLine label="for bash and zsh" text={`unzip ${bay.name}.zip && . ./${bay.name}/${files}.env && ${ask}`} />
      <h3>fish</h3>
      <CopyLine label="for fish" text={`unzip ${bay.name}.zip; and source ./${bay.name}/${files}.fish; and ${ask}`} />
      <h3>PowerShell</h3>
      <CopyLine
        label="for PowerShell"
        text={`Expand-Archive ${bay.name}.zip .; . .\\${bay.name}\\${files}.ps1; ${ask}`}
      />
      <h3>Windows command prompt</h3>
      <CopyLine label="for the command prompt" text={`tar -xf ${bay.name}.zip & ${bay.name}\\${files}.cmd & ${ask}`} />
      <h2>With the command line</h2>
      <CopyLine
        label="the login of bay"
        text={`bay login --url ${origin} --user ${user.name} --project ${project.name}`}
      />
      <CopyLine label="the environment by bay" text={`eval "$(bay env ${bay.name})" && ${ask}`} />
    </>
  );
}
