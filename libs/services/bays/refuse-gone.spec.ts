import { expect, it } from '@jest/globals';
import { makeBay } from '@baykeeper/domain/testing/builders.js';
import type { Caller } from '../caller.js';
import { NodeGroups, type NodeGroupsDependencies } from '../node-groups/node-groups.js';
import { Bays, type BaysDependencies } from './bays.js';

it('says of a bay that goes while it is read that it is gone', async () => {
  const bay = makeBay();
  const stores = {
    bays: { find: () => Promise.resolve(bay) },
    nodeGroups: { listByBay: () => Promise.resolve([]), views: () => Promise.resolve([]) },
  };
  const caller = { projectId: bay.projectId, roles: [] } as unknown as Caller;
  const bays = new Bays({ database: { stores } } as unknown as BaysDependencies);
  const groups = new NodeGroups({ database: { stores } } as unknown as NodeGroupsDependencies);
  const patch = [{ op: 'replace', path: '/node_count', value: 2 }];
  const gone = { code: 'not-found', publicMessage: `Cluster ${bay.id} could not be found: it is gone by now.` };
  await expect(bays.show(caller, bay.id)).rejects.toMatchObject(gone);
  await expect(
    bays.update(caller, bay.id, patch, { allowsNoWorkers: true, unknownBaymodel: 'not-found' }),
  ).rejects.toMatchObject(gone);
  await expect(groups.list(caller, bay.id)).rejects.toMatchObject(gone);
  const wish = { node_count: 2, nodegroup: null, nodes_to_remove: null };
  await expect(groups.resize(caller, bay.id, wish, true)).rejects.toMatchObject(gone);
});
