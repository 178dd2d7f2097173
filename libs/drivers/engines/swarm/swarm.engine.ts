/** Docker Swarm (mode): rules, topology, certificates and the conversation with a running swarm. */
import { BaykeeperError, type BaymodelFields, type Labels, type Listener, type Node } from '@baykeeper/domain';
import type {
  CertificateProfile,
  EngineContext,
  EngineDriver,
  EngineObservation,
  Problem,
} from '../../contracts/engine.js';
import { swarmCredentialFiles } from './credential-files.js';
import { readLbPorts } from './lb-ports.js';
import { swarmNodeFiles } from './node-files.js';
import { configureNode, drainNode, removeNode } from './swarm-nodes.js';
import { isReady, withCluster, type SwarmNode } from './swarm-cluster.js';
import {
  apiPortOf,
  CLIENT_CERTIFICATE_DAYS,
  MANAGER_COUNTS,
  NODE_CERTIFICATE_DAYS,
  SWARM_PORT,
} from './swarm.config.js';

export function createSwarmEngine({ templatesDirectory }: { readonly templatesDirectory: string }): EngineDriver {
  return {
    name: 'swarm',
    checkBaymodel,
    checkBay,
    listeners,
    apiAddress: (bay, address) => `tcp://${address}:${String(apiPortOf(bay))}`,
    nodeCertificate,
    clientCertificate,
    nodeFiles: (input) => swarmNodeFiles(input, templatesDirectory),
    joinData,
    observe,
    configureNode,
    drainNode,
    removeNode,
    rotateCredentials: (context) => withCluster(context, (cluster) => cluster.rotateJoinTokens()),
    toleratedMasterLosses: (masters) => Math.floor((masters - 1) / 2),
    credentialFiles: swarmCredentialFiles,
  };
}

const PROXY = /^https?:\/\/[^\s"'\\`$;|&<>(){}]+$/;
const HOSTS = /^[A-Za-z0-9.:,*_/[\]-]+$/;

/** Texts that end in dockerd's own configuration, and the form that it takes. */
function textsOf(
  baymodel: BaymodelFields,
): readonly { name: string; value: string | null; form: RegExp; advice: string }[] {
  const proxy = { form: PROXY, advice: 'a URL such as http://proxy.example:3128' };
  const hosts = { form: HOSTS, advice: 'a list of hosts, ports or networks with commas between them' };
  return [
    { name: 'http_proxy', value: baymodel.httpProxy, ...proxy },
    { name: 'https_proxy', value: baymodel.httpsProxy, ...proxy },
    { name: 'no_proxy', value: baymodel.noProxy, ...hosts },
    { name: 'insecure_registry', value: baymodel.insecureRegistry, ...hosts },
  ];
}

function checkBaymodel(baymodel: BaymodelFields): readonly Problem[] {
  const problems: Problem[] = [];
  if (baymodel.networkDriver !== null && baymodel.networkDriver !== 'docker') {
    problems.push(`Network driver ${baymodel.networkDriver} is not supported for swarm: give docker or leave it out.`);
  }
  if (baymodel.volumeDriver !== null && baymodel.volumeDriver !== 'rexray') {
    problems.push(`Volume driver ${baymodel.volumeDriver} is not supported for swarm: give rexray or leave it out.`);
  }
  for (const { name, value, form, advice } of textsOf(baymodel)) {
    if (value !== null && !form.test(value)) problems.push(`${name} is not ${advice}: correct it.`);
  }
  return [...problems, ...labelProblems(baymodel.labels)];
}

/** Magnum's clients may name the strategy that its standalone Swarm had; swarm mode spreads by itself. */
const STRATEGIES = ['spread', 'binpack', 'random'];

function labelProblems(labels: Labels): readonly Problem[] {
  const { problem } = readLbPorts(labels);
  const { swarm_strategy: strategy } = labels;
  return [
    ...(problem === null ? [] : [problem]),
    ...(strategy === undefined || STRATEGIES.includes(strategy)
      ? []
      : [`Label swarm_strategy must be one of ${STRATEGIES.join(', ')}: correct it, or leave it out.`]),
  ];
}

function checkBay(bay: Parameters<EngineDriver['checkBay']>[0]): readonly Problem[] {
  const problems: Problem[] = [];
  if (!MANAGER_COUNTS.includes(bay.masterCount)) {
    problems.push(
      bay.masterCount % 2 === 0
        ? `A swarm can't have ${String(bay.masterCount)} managers: with an even number a split leaves no majority. Give 1, 3 or 5.`
        : `A swarm can't have ${String(bay.masterCount)} managers: give 1, 3 or 5.`,
    );
  } else if (bay.masterCount > 1 && !bay.masterLbEnabled) {
    problems.push(
      'More than one manager needs a load balancer: choose a baymodel with master_lb_enabled, or 1 manager.',
    );
  }
  if (bay.nodeCount < 0) problems.push('A swarm has 0 or more workers: give node_count 0 or more.');
  return [...problems, ...labelProblems(bay.labels)];
}

function listeners(bay: Parameters<EngineDriver['listeners']>[0]): readonly Listener[] {
  const port = apiPortOf(bay);
  const api: readonly Listener[] = bay.masterLbEnabled
    ? [{ name: 'docker-api', port, memberPort: port, memberRole: 'master' }]
    : [];
  return [
    ...api,
    ...readLbPorts(bay.labels).ports.map((asked): Listener => ({
      name: `port-${String(asked)}`,
      port: asked,
      memberPort: asked,
      memberRole: 'worker',
    })),
  ];
}

/**
 * A manager serves the API under its own addresses and the clients'. A worker serves nothing of the kind: what it holds must
 * neither open a manager's door nor pass for the balancer.
 */
function nodeCertificate({ node, clientAddress }: { node: Node; clientAddress: string | null }): CertificateProfile {
  const own = { commonName: node.name, organization: null, usages: ['server'], days: NODE_CERTIFICATE_DAYS } as const;
  if (node.role === 'worker')
    return { ...own, dnsNames: [node.name], ipAddresses: node.address === null ? [] : [node.address] };
  const addresses = [node.address, clientAddress, '127.0.0.1'].filter((address): address is string => address !== null);
  return { ...own, dnsNames: [node.name, 'localhost'], ipAddresses: [...new Set(addresses)] };
}

function clientCertificate(holder: string): CertificateProfile {
  return {
    commonName: holder,
    organization: null,
    dnsNames: [],
    ipAddresses: [],
    usages: ['client'],
    days: CLIENT_CERTIFICATE_DAYS,
  };
}

/** The founder is told to found; everybody else gets a token and a manager from the running swarm. */
async function joinData(context: EngineContext, node: Node): Promise<Readonly<Record<string, string>> | null> {
  if (node.address === null) return null;
  const common = {
    ListenAddr: `0.0.0.0:${String(SWARM_PORT)}`,
    AdvertiseAddr: node.address,
    DataPathAddr: node.address,
  };
  if (!context.bay.foundedAt) {
    if (context.bay.foundingNodeId !== node.id) return null;
    return { SWARM_PATH: '/swarm/init', SWARM_BODY: JSON.stringify(common) };
  }
  return withCluster(
    context,
    ({ manager, joinTokens }) => {
      const body = {
        ...common,
        RemoteAddrs: [`${manager.address ?? ''}:${String(SWARM_PORT)}`],
        JoinToken: node.role === 'master' ? joinTokens.manager : joinTokens.worker,
      };
      return Promise.resolve({ SWARM_PATH: '/swarm/join', SWARM_BODY: JSON.stringify(body) });
    },
    node,
  );
}

async function observe(context: EngineContext): Promise<EngineObservation> {
  try {
    return await withCluster(context, async (cluster) => {
      const [nodes, versions] = await Promise.all([cluster.listNodes(), cluster.versions()]);
      return {
        reachable: true,
        nodes: viewsOf(nodes),
        engineVersion: versions.engine,
        containerVersion: versions.container,
      };
    });
  } catch (error) {
    return {
      reachable: false,
      reason: error instanceof BaykeeperError ? error.publicMessage : 'The swarm could not be asked.',
    };
  }
}

function detailOf({ Status: status, ManagerStatus: manager }: SwarmNode): string {
  if (status.State === 'ready' && manager?.Reachability === 'unreachable') return 'the other managers do not reach it';
  return status.Message ?? status.State;
}

/** A host that joined a second time is listed twice: the living entry counts. */
function viewsOf(nodes: readonly SwarmNode[]): Extract<EngineObservation, { reachable: true }>['nodes'] {
  const views = new Map<string, { name: string; state: 'ready' | 'down'; detail: string }>();
  for (const node of nodes) {
    const name = node.Description?.Hostname;
    // After a change of leader each node is unknown until it reports again, which says nothing about it.
    if (name === undefined || node.Status.State === 'unknown') continue;
    const state = isReady(node) ? 'ready' : 'down';
    if (views.get(name)?.state === 'ready') continue;
    views.set(name, { name, state, detail: detailOf(node) });
  }
  return [...views.values()];
}
