/**
 * A Kubernetes bay on real parts: three masters and two workers through create, use, scale, the loss of a master and of a
 * worker, and delete. What is asserted is asked of kubectl, with the credentials that a tenant downloads, and of LXC.
 *
 * Kubernetes itself is not in Debian: BAYKEEPER_TEST_KUBERNETES_ARTIFACTS names a folder that has it (see
 * docs/kubernetes.md), with an image `web` besides, that has busybox and its httpd.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findLeftovers, openRealBays, IMAGES, type RealBays } from '../support/real-bays.js';
import { startServer, type RunningServer } from '../support/running-server.js';
import { run, until, type RunResult } from '../support/run.js';
import { whyNotLocal } from './why-not-local.js';

const ARTIFACTS = process.env['BAYKEEPER_TEST_KUBERNETES_ARTIFACTS'] ?? '';

async function whyNot(): Promise<string | null> {
  if (ARTIFACTS === '') return 'BAYKEEPER_TEST_KUBERNETES_ARTIFACTS names no folder with Kubernetes';
  const images = await readdir(join(ARTIFACTS, 'images')).catch((): string[] => []);
  if (!images.includes('web.tar')) return `${ARTIFACTS} has no images/web.tar`;
  return whyNotLocal();
}

const reason = await whyNot();
if (reason !== null) console.log(`SKIPPED test/e2e/kubernetes: ${reason}`);
const describeOnRealNodes = reason === null ? describe : describe.skip;

const MINUTES = 60_000;
const BAY = 'k1';

/** As `docker save` names it in the archive. */
const WEB_IMAGE = 'registry.example/web:1';
const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      topologySpreadConstraints:
        - { maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: { matchLabels: { app: web } } }
      tolerations:
        - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10 }
        - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 10 }
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: ${WEB_IMAGE}
          command: [sh, -c, 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www']
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }]
`;

interface ShownNode {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
  };
}

describeOnRealNodes('a real Kubernetes bay', () => {
  let server: RunningServer;
  let bays: RealBays;
  let credentials: string;
  let balancer: string;

  const kubectl = (args: readonly string[], options: { input?: string; mayFail?: boolean } = {}): Promise<RunResult> =>
    run(join(ARTIFACTS, 'bin/kubectl'), ['--request-timeout=20s', ...args], {
      env: { PATH: process.env['PATH'] ?? '', HOME: credentials, KUBECONFIG: join(credentials, 'kubectl.config') },
      timeoutMs: 2 * MINUTES,
      ...options,
    });

  const nodes = async (): Promise<readonly ShownNode[]> => {
    const { stdout } = await kubectl(['get', 'nodes', '-o', 'json']);
    return (JSON.parse(stdout) as { items: ShownNode[] }).items;
  };
  const isReady = ({ status }: ShownNode): boolean =>
    status.conditions.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  const readyNames = async (): Promise<readonly string[]> =>
    (await nodes())
      .filter(isReady)
      .map(({ metadata }) => metadata.name)
      .sort();
  const addressOf = ({ status }: ShownNode): string =>
    status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';

  /** Stops a node's machine as a power cut does. */
  async function switchOff(name: string): Promise<void> {
    const { nodes: listed } = await bays.bayJson<{ nodes: { name: string; uuid: string }[] }>(['nodes', BAY]);
    const found = listed.find((node) => node.name === name);
    if (!found) throw new Error(`there is no node ${name}`);
    await bays.lxc('lxc-stop', found.uuid, ['--kill']);
  }

  const answers = async (url: string): Promise<boolean> =>
    (await run('curl', ['-fsS', '--max-time', '2', url], { mayFail: true })).code === 0;
  const nodePortOf = (node: ShownNode): string => `http://${addressOf(node)}:30080/`;

  beforeAll(async () => {
    server = await startServer({
      BAYKEEPER_COMPUTE: 'local',
      BAYKEEPER_IMAGES: IMAGES,
      BAYKEEPER_NODE_LOST_TIMEOUT_SECONDS: '60',
      BAYKEEPER_NODE_BOOT_TIMEOUT_SECONDS: '1200',
    });
    const work = await mkdtemp(join(server.dataDirectory, 'work-'));
    credentials = join(work, 'credentials');
    bays = openRealBays(server, work);
  }, 5 * MINUTES);

  afterAll(async () => {
    await server.purge();
    const { stdout } = await run('sh', ['-c', 'ip -o addr; ip -o link; iptables-save; mount']);
    expect(stdout).not.toContain(server.dataDirectory);
  }, 5 * MINUTES);

  it(
    'takes its artifacts from a folder, and knows when one of them was changed',
    async () => {
      const { stdout } = await server.bay(['artifacts', 'import', ARTIFACTS]);
      expect(stdout).toMatch(/^Kubernetes v1\.\d+\.\d+ is ready: \d+ files, \d+ of them new\.$/m);
      expect((await server.bay(['artifacts', 'import', ARTIFACTS])).stdout).toContain(' 0 of them new');
      expect((await server.bay(['artifacts', 'verify'])).stdout).toContain('All is well');
    },
    10 * MINUTES,
  );

  it(
    'comes up with three masters and two workers, all of them ready',
    async () => {
      const begun = Date.now();
      const size = ['--masters', '3', '--nodes', '2', '--label', 'lb_ports=80:30080'];
      await server.bay(['create', BAY, '--template', 'kubernetes', ...size, '--wait'], { timeoutMs: 25 * MINUTES });
      await server.bay(['credentials', BAY, '--dir', credentials]);
      await until('five nodes to be ready', 3 * MINUTES, async () => (await readyNames()).length === 5);
      console.log(`five nodes were ready ${String(Math.round((Date.now() - begun) / 1_000))} s after the request`);
      expect(await readyNames()).toEqual([
        ...['k1-master-0', 'k1-master-1', 'k1-master-2', 'k1-worker-0', 'k1-worker-1'],
      ]);
    },
    30 * MINUTES,
  );

  it(
    'runs a Deployment, whose Service answers through the load balancer, on every node and between pods',
    async () => {
      await kubectl(['apply', '-f', '-'], { input: WEB });
      await kubectl(['rollout', 'status', 'deployment/web', '--timeout=110s']);
      for (const node of await nodes()) {
        await until(`the service on ${node.metadata.name}`, MINUTES, () => answers(nodePortOf(node)));
      }
      const { api_address: api } = await bays.bayJson<{ api_address: string }>(['show', BAY]);
      balancer = `http://${new URL(api).hostname}/`;
      await until('the service through the load balancer', MINUTES, () => answers(balancer));
      const { stdout: pod } = await kubectl(['get', 'pods', '-l', 'app=web', '-o', 'name']);
      const [first = ''] = pod.trim().split('\n');
      const { stdout: cluster } = await kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
      // Busybox's own wget is not to be had everywhere.
      const ask = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${cluster} 80`;
      await until('the service from within a pod', MINUTES, async () => {
        const asked = await kubectl(['exec', first, '--', 'sh', '-c', ask], { mayFail: true });
        return asked.code === 0 && /^web-/m.test(asked.stdout);
      });
      const shown = await bays.bayJson<{ health_status_reason: Readonly<Record<string, string>> }>(['show', BAY]);
      const hasNames = (await readdir(join(ARTIFACTS, 'images'))).includes('coredns.tar');
      if (hasNames) {
        await until('the name of the service', MINUTES, async () => {
          const name = 'web.default.svc.cluster.local';
          const found = await kubectl(['exec', first, '--', 'nslookup', name], { mayFail: true });
          return found.stdout.includes(cluster);
        });
      }
      expect(shown.health_status_reason['dns']).toMatch(hasNames ? /^ok$/ : /^absent: /);
    },
    6 * MINUTES,
  );

  it(
    'grows and shrinks: a worker that leaves is drained first',
    async () => {
      await server.bay(['scale', BAY, '3', '--wait'], { timeoutMs: 15 * MINUTES });
      await until('the third worker', 2 * MINUTES, async () => (await readyNames()).includes('k1-worker-2'));
      await server.bay(['scale', BAY, '2', '--wait'], { timeoutMs: 15 * MINUTES });
      expect((await nodes()).map(({ metadata }) => metadata.name)).not.toContain('k1-worker-2');
      expect(await bays.containers()).toHaveLength(5);
    },
    25 * MINUTES,
  );

  it(
    'goes on while a master is lost, and replaces it',
    async () => {
      const before = await readyNames();
      let [longest, lastGood, stop] = [0, Date.now(), false];
      let count = 0;
      const writing = (async () => {
        while (!stop) {
          count += 1;
          const written = await kubectl(
            ['--request-timeout=2s', 'create', 'configmap', `written-${String(count)}`, '--from-literal=a=b'],
            { mayFail: true },
          );
          if (written.code === 0 || written.stderr.includes('AlreadyExists')) lastGood = Date.now();
          longest = Math.max(longest, Date.now() - lastGood);
        }
      })();
      await switchOff('k1-master-0');
      await until('another master', 15 * MINUTES, async () => {
        const ready = await readyNames().catch((): string[] => []);
        return !ready.includes('k1-master-0') && ready.filter((name) => name.includes('master')).length === 3;
      });
      stop = true;
      await writing;
      console.log(`no write was taken for at most ${String(longest)} ms, of ${String(count)}`);
      expect(longest).toBeLessThan(20_000);
      expect(before).toContain('k1-master-0');
    },
    20 * MINUTES,
  );

  it(
    'replaces a worker that is lost, and the Service answers again',
    async () => {
      await switchOff('k1-worker-0');
      await until('another worker', 15 * MINUTES, async () => {
        const ready = await readyNames().catch((): string[] => []);
        return !ready.includes('k1-worker-0') && ready.filter((name) => name.includes('worker')).length === 2;
      });
      await until('the service through the load balancer', 2 * MINUTES, () => answers(balancer));
      for (const node of (await nodes()).filter(isReady)) {
        await until(`the service on ${node.metadata.name}`, 2 * MINUTES, () => answers(nodePortOf(node)));
      }
    },
    20 * MINUTES,
  );

  it(
    'is deleted without a trace',
    async () => {
      await server.bay(['rm', BAY, '--yes', '--wait'], { timeoutMs: 10 * MINUTES });
      const bridge = (await readdir('/sys/class/net')).find((name) => name.startsWith('bk-')) ?? '';
      expect(await findLeftovers(server, bays, bridge)).toEqual([]);
    },
    12 * MINUTES,
  );
});
