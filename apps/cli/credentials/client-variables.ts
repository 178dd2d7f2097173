import { join } from 'node:path';
import type { BayBody } from '../api/wire.js';
import { CommandFailure } from '../failure.js';
import type { Variables } from './shells.js';

/**
 * What an engine's own client wants in its environment, from the bay's address and the files of its bundle. The values
 * are made here, not taken from the bundle's scripts: those are for people to source, and nothing of a server's text is
 * ever run by `eval`.
 */
export function clientVariables(bay: BayBody, directory: string, names: readonly string[]): Variables {
  const kubeconfig = names.find((name) => name === 'kubeconfig' || name === 'kubectl.config');
  if (kubeconfig !== undefined) return { BAY_NAME: bay.name, KUBECONFIG: join(directory, kubeconfig) };
  if (names.includes('docker.env') && bay.api_address !== null) {
    const secured = names.includes('ca.pem');
    return {
      BAY_NAME: bay.name,
      DOCKER_HOST: bay.api_address,
      DOCKER_TLS_VERIFY: secured ? '1' : null,
      DOCKER_CERT_PATH: secured ? directory : null,
      // A context chosen earlier in this shell may win over DOCKER_HOST, depending on the client's version.
      DOCKER_CONTEXT: null,
    };
  }
  throw new CommandFailure(
    'refused',
    `bay env does not know this bay's engine. Its files, with a script to source, come from: bay credentials ${bay.name}`,
  );
}
