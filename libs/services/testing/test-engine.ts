/** An engine for tests: it answers what it is told to, and decides certificates as a real one does. */
import type { EngineDriver } from '@baykeeper/drivers';
import type { Engines } from '../catalogue/catalogue.js';

type JoinData = Readonly<Record<string, string>> | null;

export interface TestEngine extends Engines {
  /** What the next calls answer; the last one stays. */
  readonly joinAnswers: (JoinData | Error)[];
  readonly joinCalls: { readonly nodeNames: readonly string[]; readonly hasIdentity: boolean }[];
}

export function openTestEngine(): TestEngine {
  const joinAnswers: (JoinData | Error)[] = [{ TEST_ACTION: 'join' }];
  const joinCalls: TestEngine['joinCalls'] = [];
  const driver: EngineDriver = {
    name: 'swarm',
    checkBaymodel: () => [],
    checkBay: () => [],
    listeners: () => [],
    apiAddress: (_bay, address) => `tcp://${address}:2376`,
    nodeCertificate: ({ node, clientAddress }) => ({
      commonName: node.name,
      organization: null,
      dnsNames: ['localhost', node.name],
      ipAddresses: ['127.0.0.1', ...[node.address, clientAddress].filter((address) => address !== null)],
      usages: ['server', 'client'],
      days: 90,
    }),
    clientCertificate: (holder) => ({
      ...{ commonName: holder, organization: null, dnsNames: [], ipAddresses: [] },
      ...{ usages: ['client'], days: 365 },
    }),
    nodeFiles: () => ({ files: [], environment: {} }),
    joinData: (context) => {
      joinCalls.push({ nodeNames: context.nodes.map(({ name }) => name), hasIdentity: context.identity !== null });
      const answer = (joinAnswers.length > 1 ? joinAnswers.shift() : joinAnswers[0]) ?? null;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    observe: () => Promise.resolve({ reachable: false, reason: 'not asked' }),
    configureNode: () => Promise.resolve(),
    drainNode: () => Promise.resolve({ drained: true, detail: '' }),
    removeNode: () => Promise.resolve(),
    toleratedMasterLosses: () => 0,
    credentialFiles: ({ tls, apiAddress }) => [
      { name: 'docker.env', content: `DOCKER_HOST=${apiAddress}\n`, secret: false },
      ...(tls === null
        ? []
        : [
            { name: 'ca.pem', content: tls.ca, secret: false },
            { name: 'cert.pem', content: tls.certificate, secret: false },
            { name: 'key.pem', content: tls.key, secret: true },
          ]),
    ],
  };
  return { engineNames: ['swarm'], engine: () => driver, joinAnswers, joinCalls };
}
