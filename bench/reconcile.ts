/** What one pass over a settled bay costs, and what one more worker costs a bay that has many: time and database statements. */
import { Client } from 'pg';
import type { BayId, NodeId, ProjectId } from '@baykeeper/domain';
import { reconcileBay } from '@baykeeper/reconciler';
import { TestInstallation } from '@baykeeper/reconciler/testing/test-installation.js';
import { openDatabase, SYSTEM, type Database } from '@baykeeper/storage';
import { makeNewNode, seedBay, seedProject, type SeededBay } from '@baykeeper/storage/testing/seed.js';
import { startTestDatabase } from '@baykeeper/storage/testing/start-test-database.js';
import { logStatements } from '@baykeeper/storage/testing/statement-log.js';
import { median, type BenchmarkResult } from './result.js';

const SIZES = [10, 100, 1_000, 10_000];
const PASSES = 7;

export async function benchReconcile(): Promise<readonly BenchmarkResult[]> {
  const server = await startTestDatabase();
  const database = await openDatabase({ url: server.url });
  const statements = logStatements(/^$/);
  try {
    const project = await seedProject(database.stores);
    const results: BenchmarkResult[] = [];
    for (const size of SIZES)
      results.push(...(await benchSize(database, server.url, project, size, () => statements.take())));
    return results;
  } finally {
    statements.stop();
    await database.close();
    await server.stop();
  }
}

async function benchSize(
  database: Database,
  url: string,
  project: ProjectId,
  size: number,
  takeStatements: () => readonly string[],
): Promise<readonly BenchmarkResult[]> {
  const installation = new TestInstallation(database, 60_000);
  const seeded = await seedBay(database.stores, project);
  const bayId = seeded.bay.id;
  await installation.until(bayId, () => installation.settled(bayId));
  await growAtOnce(database, url, installation, seeded, size);
  await installation.until(bayId, () => installation.settled(bayId));

  const passes: number[] = [];
  let asked = 0;
  for (let pass = 0; pass < PASSES; pass += 1) {
    takeStatements();
    const start = performance.now();
    await reconcileBay(installation.dependencies, installation.listing, bayId);
    passes.push(performance.now() - start);
    asked = takeStatements().length;
  }
  const nodeCounts = [{ nodeGroupId: seeded.workers.id, nodeCount: size }];
  await database.stores.bays.changeWish(SYSTEM, bayId, { nodeCounts });
  takeStatements();
  const start = performance.now();
  await installation.until(bayId, () => installation.settled(bayId));
  const growth = performance.now() - start;
  const asks = takeStatements().length;
  const of = `of ${String(size)} nodes`;
  return [
    { name: `pass over a settled bay ${of}`, unit: 'ms', value: median(passes), samples: passes },
    { name: `statements of that pass ${of}`, unit: '', value: asked, samples: [asked] },
    { name: `one more worker, our part, bay ${of}`, unit: 'ms', value: growth, samples: [growth] },
    { name: `statements of one more worker, bay ${of}`, unit: '', value: asks, samples: [asks] },
  ];
}

/** Workers that are ready and registered, written by hand: making them one by one is not what is measured. */
async function growAtOnce(
  database: Database,
  url: string,
  installation: TestInstallation,
  { bay, workers }: SeededBay,
  size: number,
): Promise<void> {
  const count = size - 1;
  const added = Array.from({ length: count - 1 }, (_value, index) => makeNewNode(workers, index + 1));
  await database.stores.nodes.insertMany(added);
  await database.stores.nodeGroups.reserveOrdinals(workers.id, count);
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(
    `UPDATE nodes SET (address, machine_requested_at, machine_created_at, booted_at, certified_at, join_granted_at,
       joined_at, ready_at, registered_at, engine_state) =
       ('192.0.2.77', now(), now(), now(), now(), now(), now(), now(), now(), 'ready')
     WHERE bay_id = $1 AND ready_at IS NULL`,
    [bay.id],
  );
  await client.end();
  for (const { id, name } of added) addMachine(installation, bay.id, id, name);
  await database.stores.bays.changeWish(SYSTEM, bay.id, {
    nodeCounts: [{ nodeGroupId: workers.id, nodeCount: count }],
  });
}

function addMachine({ cloud, dependencies }: TestInstallation, bayId: BayId, id: NodeId, name: string): void {
  const { installation } = dependencies;
  const address = '192.0.2.77';
  cloud.machines.set(id, { id, name, bayId, installation, state: 'running', address, reason: null });
  cloud.cluster.set(name, 'ready');
}
